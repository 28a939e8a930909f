/** A Pulumi resource plugin and the version that the program's SDK package asks for, without a leading "v". */
export interface Plugin {
  name: string;
  version: string;
}

/** Which of `wanted` are not in the answer of `pulumi plugin ls --json`. Throws if the answer is not a JSON list. */
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
  /** Path of an installed `pulumi`: one on PATH, or the one that the npm package `pulumi` has downloaded. */
  installed(): Promise<string | undefined>;
  /** Which plugins an installed `pulumi` lacks. */
  missing(pulumi: string): Promise<Plugin[]>;
  /** Whether an attempt to reach Pulumi's servers failed a short while ago. */
  failedLately(): Promise<boolean>;
  /** Whether Pulumi's servers answer, in bounded time. */
  answers(): Promise<boolean>;
  /** Lets the npm package `pulumi` download its CLI, in bounded time; undefined if that failed. */
  download(): Promise<string | undefined>;
  /** Downloads a plugin into the user's PULUMI_HOME, in bounded time; false if that failed. */
  install(pulumi: string, plugin: Plugin): Promise<boolean>;
  /** What tools/offline has: a Pulumi that is built, the means to build one, or undefined if the folder is gone. */
  offline: "built" | "buildable" | undefined;
}

/** Which Pulumi to run: Pulumi's own with the official plugins, the one that is built here, or none. `why` says why. */
export type PulumiChoice =
  { plugins: "official"; pulumi: string } | { plugins: "built"; why: string } | { plugins: "none"; why: string };

/**
 * Decides which Pulumi to run. Pulumi's own comes first, if it is complete or can be completed by downloads; what
 * tools/offline builds is the fallback. A Pulumi that is built already saves the download, and a failed download is not
 * tried again for a while.
 */
export async function choosePulumi(probe: PulumiProbe): Promise<PulumiChoice> {
  const installed = await probe.installed();
  const why = await complete(probe, installed);
  if (typeof why !== "string") return { plugins: "official", ...why };
  if (probe.offline !== undefined) return { plugins: "built", why };
  return {
    plugins: "none",
    why: `${why}. Install Pulumi (https://www.pulumi.com/docs/install/), or run this again with access to get.pulumi.com.`,
  };
}

/** A Pulumi with all plugins, after downloads where they are needed; or why there is none. */
async function complete(probe: PulumiProbe, installed: string | undefined): Promise<{ pulumi: string } | string> {
  const missing = installed === undefined ? [] : await probe.missing(installed);
  if (installed !== undefined && missing.length === 0) return { pulumi: installed };
  const lacking =
    installed === undefined
      ? "No pulumi is installed"
      : `The installed pulumi lacks the ${missing.map(nameOf).join(" and the ")}`;

  if (installed === undefined && probe.offline === "built") return lacking;
  if (probe.offline !== undefined && (await probe.failedLately())) return `${lacking}, and a download failed lately`;
  if (!(await probe.answers())) return `${lacking}, and get.pulumi.com does not answer`;

  const pulumi = installed ?? (await probe.download());
  if (pulumi === undefined) return `${lacking}, and its download failed`;
  for (const plugin of await probe.missing(pulumi)) {
    if (!(await probe.install(pulumi, plugin))) return `The download of Pulumi's ${nameOf(plugin)} failed`;
  }
  return { pulumi };
}

function nameOf({ name, version }: Plugin): string {
  return `${name} plugin ${version}`;
}

/**
 * What the answer of `pulumi whoami --non-interactive` says about the user's own backend. An answer that is neither is
 * "unclear": mistaking a backend that is out of reach for none would make a second identity.
 */
export function readWhoami(exitCode: number | undefined, stderr: string): "own" | "none" | "unclear" {
  if (exitCode === 0) return "own";
  return /must be set for login during non-interactive CLI sessions/.test(stderr) ? "none" : "unclear";
}
