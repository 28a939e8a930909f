/** A Pulumi resource plugin and the version that the program's SDK package asks for, without a leading "v". */
export interface Plugin {
  name: string;
  version: string;
}

/** Which of `wanted` are not in the answer of `pulumi plugin ls --json`. Throws if the answer is no JSON list. */
export function missingPlugins(list: string, wanted: Plugin[]): Plugin[] {
  const installed: unknown = JSON.parse(list);
  if (!Array.isArray(installed)) throw new Error("pulumi plugin ls --json did not print a list");
  const present = new Set(
    (installed as Partial<Record<"kind" | "name" | "version", string>>[]).map((plugin) =>
      [plugin.kind, plugin.name, plugin.version?.replace(/^v/, "")].join(" "),
    ),
  );
  return wanted.filter((plugin) => !present.has(`resource ${plugin.name} ${plugin.version}`));
}

/** What `choosePulumi` asks of the machine. */
export interface PulumiProbe {
  /** Path of an installed `pulumi`, if there is one. */
  installed(): Promise<string | undefined>;
  /** Which plugins the installed `pulumi` lacks. */
  missing(pulumi: string): Promise<Plugin[]>;
  /** Downloads a plugin into the user's PULUMI_HOME, in bounded time; false if it could not be had. */
  install(pulumi: string, plugin: Plugin): Promise<boolean>;
  /** Whether tools/offline is there to fall back on. */
  offline: boolean;
}

/**
 * Which Pulumi to run: the user's own with the official plugins, the one that tools/offline makes, or none (and why).
 */
export type PulumiChoice =
  { plugins: "official"; pulumi: string } | { plugins: "stand-in"; why: string } | { plugins: "none"; why: string };

/**
 * Decides which Pulumi to run. The user's own comes first, as long as the official plugins are there or can be
 * downloaded; tools/offline is the fallback.
 */
export async function choosePulumi(probe: PulumiProbe): Promise<PulumiChoice> {
  const pulumi = await probe.installed();
  const why = pulumi === undefined ? "no pulumi is installed" : await lackOfPlugins(pulumi, probe);
  if (pulumi !== undefined && why === undefined) return { plugins: "official", pulumi };
  if (probe.offline) return { plugins: "stand-in", why: why ?? "" };
  return {
    plugins: "none",
    why:
      pulumi === undefined
        ? "Pulumi is not installed: install it (https://www.pulumi.com/docs/install/) and run this again."
        : `${why ?? ""}: run this again where get.pulumi.com can be reached.`,
  };
}

async function lackOfPlugins(pulumi: string, probe: PulumiProbe): Promise<string | undefined> {
  for (const plugin of await probe.missing(pulumi)) {
    if (!(await probe.install(pulumi, plugin))) {
      return `the ${plugin.name} plugin ${plugin.version} of the installed pulumi cannot be downloaded`;
    }
  }
  return undefined;
}

/**
 * What the answer of `pulumi whoami --non-interactive` says about the user's own backend. An answer that is neither is
 * "unclear": a backend that is out of reach must not be mistaken for none, or a second identity would be made.
 */
export function readWhoami(exitCode: number | undefined, stderr: string): "own" | "none" | "unclear" {
  if (exitCode === 0) return "own";
  return /must be set for login during non-interactive CLI sessions/.test(stderr) ? "none" : "unclear";
}
