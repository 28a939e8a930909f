import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { bundledLauncher } from "../../components/bundle";
import { DeploymentError } from "../../components/docker/deploymentError";
import { UID } from "../../components/core/user";
import { buildTowns } from "../../stack/buildTowns";
import type { Builds } from "../../stack/images";
import { projectBuilds } from "../../stack/projectBuilds";
import { parseSettings, type Settings } from "../../stack/settings";
import { redact } from "../../components/core/redact";
import { ofStack } from "../../stack/ofStack";
import { projectDirectory, UserError } from "../console/project";
import { composeOf } from "./compose";
import { labelsOf } from "./labels";
import type { Options } from "./options";
import { record, reveal, type Recorded } from "./recordProgram";
import { openPulumi } from "../pulumi/stack";
import { secretsOf } from "../pulumi/stackState";
import { townNamed } from "./stackAccess";

/** A file as a one-shot puts it into a volume. */
export interface RenderedFile {
  /** Docker's name of the volume. */
  readonly volume: string;
  readonly name: string;
  /** Bytes, because the identity's key is not text. */
  readonly content: Buffer;
}

/**
 * What a stack's containers would be given, as text: the program itself is run, without an engine, with the secrets of
 * the stack's state. Secrets and addresses are redacted unless `reveal` asks for them; files that are part of the
 * project get one line. The format `compose` is a docker compose file of all that would run. With `town`, only that
 * town's part and what the towns share.
 *
 * Throws a UserError when the config has problems, or when `reveal` is asked of a stack that has never been up and so
 * has no secrets.
 */
export async function render(options: Pick<Options, "stack" | "reveal" | "format" | "town">): Promise<string> {
  const { stack, reveal, format = "files", town } = options;
  if (format !== "files" && format !== "compose")
    throw new UserError(`FORMAT "${format}" is unknown. FORMAT can be: compose, files.`);
  const pulumi = await openPulumi(stack, { docker: false });
  const [config, state] = await Promise.all([pulumi.config(), secretsOf(pulumi)]);
  if (reveal && state.size === 0) {
    throw new UserError(
      `The stack ${stack} has never been up, so it has no secrets to reveal yet: run \`make up${ofStack(stack)}\` first.`,
    );
  }
  const settings = parseSettings(config, stack);
  const builds = format === "compose" ? projectBuilds(projectDirectory, pulumi.environment.env) : NO_BUILDS;
  const all = await recordStack(settings, state, builds);
  const resources = town === undefined ? all : partOf(all, townNamed(settings, town).name);
  const secrets = [...state.values()];
  return format === "compose"
    ? showCompose(resources, stack, reveal, secrets)
    : showFiles(filesOf(resources), reveal, secrets);
}

/** The resources of one town, and those that the towns share. */
export function partOf(resources: readonly Recorded[], town: string): Recorded[] {
  return resources.filter(({ inputs }) => (labelsOf(inputs)["town-ator.town"] ?? town) === town);
}

/**
 * Rendered files as text, each below a line with its place; without `reveal` every address and each of `secrets` is
 * redacted.
 */
export function showFiles(files: readonly RenderedFile[], reveal: boolean, secrets: readonly string[]): string {
  return files
    .map((file) => {
      const { note, text } = shown(file, reveal, secrets);
      return `--- ${place(file)}${note === undefined ? "" : `: ${note}`}\n${text ?? ""}`;
    })
    .join("\n");
}

/**
 * A stack as a docker compose file, with what the one-shots put into its volumes below `x-files`, redacted as by
 * `showFiles`.
 */
export function showCompose(
  resources: readonly Recorded[],
  stack: string,
  reveal: boolean,
  secrets: readonly string[],
): string {
  const compose = composeOf(resources, stack);
  const files: Record<string, Record<string, string>> = {};
  for (const file of filesOf(resources)) {
    const { note, text = "" } = shown(file, reveal, secrets);
    (files[file.volume] ??= {})[file.name] = note === undefined ? text : `<${note}>${text && `\n${text}`}`;
  }
  // Compose replaces variables in every text.
  const literal = JSON.parse(JSON.stringify({ ...compose, "x-files": files }).replaceAll("$", "$$$$")) as object;
  return composeHead(stack) + stringify(literal, { lineWidth: 0 });
}

const composeHead = (stack: string) => `\
# The stack ${stack} for docker compose, from \`make render FORMAT=compose STACK=${stack}\`. \`make\` does not read it.
# Containers that fill a volume and end are not in it: x-files has their files, by volume. They belong to uid and gid
# ${UID}, with mode 0400 (0600 in the volume of the keys), in folders of mode 0700. Dollar signs are written twice, as
# compose wants them. Run it only once the stack's own containers and networks are gone: compose takes no networks but
# its own, and two daemons with one key take turns at its address. It then uses the stack's volumes.
`;

/**
 * What the program registers for these settings, recorded. `secrets` are the values of random secrets by resource name;
 * those that are missing are made up. Throws a UserError if `make up` would refuse the settings.
 */
export async function recordStack(
  settings: Settings,
  secrets: ReadonlyMap<string, string>,
  builds: Builds = NO_BUILDS,
): Promise<Recorded[]> {
  return record(() => buildTowns(settings, builds), settings.stack, {
    secret: (name) => secrets.get(name) ?? MADE_BY_FIRST_UP,
    imageId: () => "",
  }).catch((error: unknown) => {
    throw error instanceof DeploymentError ? new UserError(error.message) : error;
  });
}

/** For files, which do not depend on the images. */
const NO_BUILD = { context: () => ({ path: "", hash: "0".repeat(64) }) };
const NO_BUILDS = { anon: NO_BUILD, connector: NO_BUILD, relay: NO_BUILD };

/** The uploads of a recorded program, by volume and name. */
export function filesOf(resources: readonly Recorded[]): RenderedFile[] {
  return resources.flatMap(uploadsOf).sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** Stands for a secret that the first `up` will make; of the right form, so that everything can be rendered. */
const MADE_BY_FIRST_UP = "MadeByTheFirstUp".padEnd(43, "0");

interface Upload {
  readonly file: string;
  readonly content?: string;
  readonly contentBase64?: string;
}

function uploadsOf({ inputs }: Recorded): RenderedFile[] {
  const uploads = (reveal(inputs["uploads"]) ?? []) as Upload[];
  const volumes = (inputs["volumes"] ?? []) as { volumeName: string; containerPath: string }[];
  const volumeAt = (file: string) =>
    volumes.find(({ containerPath }) => file.startsWith(`${containerPath}/`))?.volumeName ?? "";
  const files = uploads.map(({ file, content, contentBase64 }) => ({
    volume: volumeAt(file),
    name: nameInVolume(path.posix.basename(file)),
    content: content === undefined ? Buffer.from(contentBase64 ?? "", "base64") : Buffer.from(content),
  }));
  if (!(inputs["entrypoints"] as string[] | undefined)?.[0]?.endsWith("/install-identity")) return files;
  const [role] = inputs["command"] as string[];
  return [...files, { volume: volumeAt("/keys/daemon"), name: "daemon", content: Buffer.from(`${role}\n`) }];
}

/** What the one-shots of images/anon/bin make of the name of an upload. */
function nameInVolume(upload: string): string {
  return upload
    .replace(/^\.offered-key-(\d+)$/, "hs-$1/hs_ed25519_secret_key")
    .replace(/^\.offered-fingerprint-(\d+)$/, "fingerprint-$1")
    .replace(/^\.new\.[0-9a-f]{16}\./, "");
}

/** A file as it is shown: what is said of it, its text, or both. */
function shown(
  file: RenderedFile,
  reveal: boolean,
  secrets: readonly string[],
): { readonly note?: string; readonly text?: string } {
  const source = path.join("runtime/sidecar", file.name);
  const inProject = path.join(projectDirectory, source);
  if (fs.existsSync(inProject) && fs.readFileSync(inProject).equals(file.content)) return { note: `as ${source}` };
  if (file.content.equals(Buffer.from(bundledLauncher()))) return { note: "the bundle of runtime/launcher" };
  const text = file.content.toString("utf8");
  if (Buffer.from(text).equals(file.content) && !text.includes("\0"))
    return { text: reveal ? text : redact(hidden(file.name, text), [...secrets, MADE_BY_FIRST_UP]) };
  const bytes = `${file.content.length} bytes`;
  return reveal ? { note: `${bytes}, base64:`, text: file.content.toString("base64") } : { note: bytes };
}

/** A file's text without what its form alone shows to be secret. Some of that is in no state: tokens from invites. */
function hidden(name: string, text: string): string {
  if (/\.(yaml|json)$/.test(name)) {
    const content: unknown = parse(text, withoutSecret);
    return name.endsWith(".json") ? `${JSON.stringify(content, null, 2)}\n` : stringify(content, { lineWidth: 0 });
  }
  // The hash of a key file reveals no address, but could confirm a guess at the key.
  if (name === "identity") return text.replace(/\b[0-9a-f]{64}\b/g, HIDDEN);
  if (name === "secrets.env") return text.replace(/=.+$/gm, `=${HIDDEN}`);
  if (/\.auth(_private)?$/.test(name)) return text.replace(/[A-Za-z2-7]{52,}/g, HIDDEN);
  return text;
}

const HIDDEN = "[secret]";
/** The keys of the connector's YAML and the launcher's JSON whose values are secret. */
const SECRET_KEYS: ReadonlySet<unknown> = new Set(["apiKey", "authToken"]);

/** What a parser makes of the value of a key. */
function withoutSecret(key: unknown, value: unknown): unknown {
  return SECRET_KEYS.has(key) ? HIDDEN : value;
}

function place({ volume, name }: RenderedFile): string {
  return `${volume}:/${name}`;
}
