import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { bundledLauncher } from "../../components/bundle";
import { buildTowns } from "../../stack/buildTowns";
import { parseSettings, SettingsError, type Settings } from "../../stack/settings";
import { redact } from "../../components/core/redact";
import { projectDirectory, UserError } from "../console/project";
import { record, reveal, type Recorded } from "./recordProgram";
import { openPulumi } from "../pulumi/stack";
import { secretsOf } from "../pulumi/stackState";

/** A file as a one-shot puts it into a volume. */
export interface RenderedFile {
  /** Docker's name of the volume. */
  readonly volume: string;
  readonly name: string;
  /** Bytes, for the identity's key is no text. */
  readonly content: Buffer;
}

/**
 * The files that a stack's containers would be given, as text: the program itself is run, without an engine, with the
 * secrets of the stack's state. Secrets and addresses are redacted unless `reveal` asks for them; files that stand in
 * the project as they are get a line.
 *
 * Throws a UserError when the config has problems, or when `reveal` is asked of a stack that has never been up and so
 * has no secrets.
 */
export async function render(options: { stack: string; reveal: boolean }): Promise<string> {
  const pulumi = await openPulumi(options.stack, { docker: false });
  const [config, secrets] = await Promise.all([pulumi.config(), secretsOf(pulumi)]);
  if (options.reveal && secrets.size === 0) {
    throw new UserError(
      `The stack ${options.stack} has never been up, so it has no secrets to reveal yet: run \`make up\` first.`,
    );
  }
  const files = await renderFiles(checked(config, options.stack), secrets);
  return showFiles(files, options.reveal, [...secrets.values()]);
}

/**
 * Rendered files as text, each below a line with its place; without `reveal` every address and each of `secrets` is
 * redacted.
 */
export function showFiles(files: readonly RenderedFile[], reveal: boolean, secrets: string[]): string {
  return files.map((file) => show(file, reveal, secrets)).join("\n");
}

/**
 * The uploads of the whole program, by volume and name. `secrets` are the values of random secrets by resource name;
 * those that are missing are made up.
 */
export async function renderFiles(settings: Settings, secrets: ReadonlyMap<string, string>): Promise<RenderedFile[]> {
  const build = { context: () => ({ path: "", hash: "0".repeat(64) }) };
  const resources = await record(() => buildTowns(settings, { anon: build, connector: build }), settings.stack, {
    secret: (name) => secrets.get(name) ?? MADE_BY_FIRST_UP,
    imageId: () => "",
  });
  return resources.flatMap(uploadsOf).sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** Stands for a secret that the first `up` will make; of the right form, so that everything can be rendered. */
const MADE_BY_FIRST_UP = "MadeByTheFirstUp".padEnd(43, "0");

interface Upload {
  readonly file: string;
  readonly content?: string;
  readonly contentBase64?: string;
}

function uploadsOf(resource: Recorded): RenderedFile[] {
  const uploads = (reveal(resource.inputs["uploads"]) ?? []) as Upload[];
  const volumes = (resource.inputs["volumes"] ?? []) as { volumeName: string; containerPath: string }[];
  return uploads.map(({ file, content, contentBase64 }) => ({
    volume: volumes.find(({ containerPath }) => file.startsWith(`${containerPath}/`))?.volumeName ?? "",
    name: nameInVolume(path.posix.basename(file)),
    content: content === undefined ? Buffer.from(contentBase64 ?? "", "base64") : Buffer.from(content),
  }));
}

/** What the one-shots of images/anon/bin make of the name of an upload. */
function nameInVolume(upload: string): string {
  return upload
    .replace(/^\.offered-key-(\d+)$/, "hs-$1/hs_ed25519_secret_key")
    .replace(/^\.offered-fingerprint-(\d+)$/, "fingerprint-$1")
    .replace(/^\.new\.[0-9a-f]{16}\./, "");
}

function show(file: RenderedFile, reveal: boolean, secrets: string[]): string {
  const title = `--- ${place(file)}`;
  const source = path.join("runtime/sidecar", file.name);
  const inProject = path.join(projectDirectory, source);
  if (fs.existsSync(inProject) && fs.readFileSync(inProject).equals(file.content)) return `${title}: as ${source}\n`;
  if (file.content.equals(Buffer.from(bundledLauncher()))) return `${title}: the bundle of runtime/launcher\n`;
  const text = file.content.toString("utf8");
  if (!Buffer.from(text).equals(file.content) || text.includes("\0")) {
    return `${title}: ${file.content.length} bytes${reveal ? `, base64:\n${file.content.toString("base64")}` : ""}\n`;
  }
  return `${title}\n${reveal ? text : redact(hidden(file.name, text), [...secrets, MADE_BY_FIRST_UP])}`;
}

/** A file's text without what its form alone shows to be secret. Some of that is in no state: tokens from invites. */
function hidden(name: string, text: string): string {
  if (/\.(yaml|json)$/.test(name)) {
    const content = withoutSecretKeys(parse(text));
    return name.endsWith(".json") ? `${JSON.stringify(content, null, 2)}\n` : stringify(content, { lineWidth: 0 });
  }
  // The hash of a key file reveals no address, but could confirm a guess at the key.
  if (name === "identity") return text.replace(/\b[0-9a-f]{64}\b/g, HIDDEN);
  if (name === "secrets.env") return text.replace(/=.+$/gm, `=${HIDDEN}`);
  if (/\.auth(_private)?$/.test(name)) return text.replace(/[A-Za-z2-7]{52,}/g, HIDDEN);
  return text;
}

const HIDDEN = "[secret]";
/** The keys of the connector's YAML and the launcher's JSON whose values are secret: a text, or a list of texts. */
const SECRET_KEYS = new Set(["apiKey", "authToken", "redact"]);

function withoutSecretKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecretKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (!SECRET_KEYS.has(key)) return [key, withoutSecretKeys(inner)];
      return [key, Array.isArray(inner) ? inner.map(() => HIDDEN) : HIDDEN];
    }),
  );
}

function place({ volume, name }: RenderedFile): string {
  return `${volume}:/${name}`;
}

function checked(config: Record<string, string>, stack: string): Settings {
  try {
    return parseSettings(config, stack);
  } catch (error) {
    throw error instanceof SettingsError ? new UserError(error.message) : error;
  }
}
