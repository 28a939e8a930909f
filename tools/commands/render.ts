import * as fs from "node:fs";
import * as path from "node:path";
import { buildTowns } from "../../stack/buildTowns";
import { RANDOM_SECRET_TYPE } from "../../components/core/names";
import { parseSettings, SettingsError, type Settings } from "../../stack/settings";
import { redact } from "../../components/core/redact";
import { prepareEnvironment } from "../pulumi/environment";
import { projectDirectory, UserError } from "../console/project";
import { record, reveal, type Recorded } from "./recordProgram";
import { assertStackExists, prepareStack } from "../pulumi/stack";
import { configOf, secretsOf } from "../pulumi/stackState";

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
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack, docker: false });
  const chosen = await prepareStack(environment, options.stack);
  const [config, secrets] = await Promise.all([configOf(environment, chosen), secretsOf(environment, options.stack)]);
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
  const resources = await record(
    () => buildTowns(settings, { anon: build, connector: build }),
    settings.stack,
    (type, name) => ({
      ...(type === RANDOM_SECRET_TYPE ? { result: secrets.get(name) ?? MADE_BY_FIRST_UP } : {}),
      ...(type === "docker:index/container:Container" ? { exitCode: 0, containerLogs: "" } : {}),
      ...(type === "docker:index/remoteImage:RemoteImage" ? { imageId: "" } : {}),
    }),
  );
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
  const source = ["runtime/launcher", "runtime/sidecar"]
    .map((folder) => path.join(folder, file.name))
    .find((candidate) => {
      const found = path.join(projectDirectory, candidate);
      return fs.existsSync(found) && fs.readFileSync(found).equals(file.content);
    });
  if (source) return `${title}: as ${source}\n`;
  const text = file.content.toString("utf8");
  if (!Buffer.from(text).equals(file.content) || text.includes("\0")) {
    return `${title}: ${file.content.length} bytes${reveal ? `, base64:\n${file.content.toString("base64")}` : ""}\n`;
  }
  return `${title}\n${reveal ? text : redact(hidden(file.name, text), [...secrets, MADE_BY_FIRST_UP, ...tokensIn(text)])}`;
}

/** A file's text without what its form alone shows to be secret: values that stand in no state, among them. */
function hidden(name: string, text: string): string {
  // The hash of a key file reveals no address, but could confirm a guess at the key.
  if (name === "identity") return text.replace(/\b[0-9a-f]{64}\b/g, "[secret]");
  if (name === "secrets.env") return text.replace(/=.+$/gm, "=[secret]");
  if (/\.auth(_private)?$/.test(name)) return text.replace(/[A-Za-z2-7]{52,}/g, "[secret]");
  return text;
}

/**
 * Tokens that come from invites and so stand in no state: what follows `authToken: ` in the connector's YAML, and the
 * launcher's own list.
 */
function tokensIn(text: string): string[] {
  const listed = /"redact": (\[[^\]]*\])/.exec(text)?.[1];
  return [
    ...[...text.matchAll(/authToken: (\S+)/g)].map((match) => match[1]!),
    ...(listed ? (JSON.parse(listed) as string[]) : []),
  ];
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
