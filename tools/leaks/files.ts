import { createReadStream } from "node:fs";
import * as fs from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import * as path from "node:path";
import { ifThere } from "../console/ifThere";
import { localPath, projectDirectory } from "../console/project";
import { said } from "./pulumi";
import type { Fault, Look, Scene } from "./scan";
import { unpacked } from "./unpacked";

/**
 * The stored state: every file of the project-local backend, history and backups included, or the export of another
 * backend. Also the stack's config file.
 */
export async function collectState(scene: Scene, look: Look): Promise<void> {
  const config = path.join(projectDirectory, `Pulumi.${scene.stack}.yaml`);
  await look({ place: path.basename(config), content: await fs.readFile(config) });
  if (!scene.pulumi.isLocal)
    return look({ place: "pulumi stack export", content: await said(scene, ["stack", "export"]) });
  await checkModes([localPath("state"), localPath("passphrase")], look);
  await lookBelow(localPath("state"), look);
}

/** Left out of the search of `.town-ator`: the state has its own collector, and installed programs are large. */
const SKIPPED = ["passphrase", "state", "toolchain", path.join("pulumi-home", "plugins")];
/** Prefix of our temporary folders. */
const TEMPORARY = "town-ator-";

/** What our tools and Pulumi leave on this machine: logs, copies of the config, image contexts, temporary files. */
export async function collectFiles({ pulumi }: Scene, look: Look): Promise<void> {
  const skipped = new Set(SKIPPED.map((name) => localPath(name)));
  await checkModes([localPath(), localPath("config")], look);
  await lookBelow(localPath(), look, skipped);
  for (const name of await fs.readdir(tmpdir())) {
    const at = path.join(tmpdir(), name);
    if (name.startsWith(TEMPORARY) && !(await isClosedByAnother(at))) await lookBelow(at, look);
  }
  const logs = logsOfInstalled(pulumi.environment.env);
  if (logs !== undefined) await lookBelow(logs, look);
}

/** Where an installed Pulumi keeps its logs; undefined for one whose logs are in `.town-ator`. */
export function logsOfInstalled(env: NodeJS.ProcessEnv): string | undefined {
  const home = env["PULUMI_HOME"] || path.join(homedir(), ".pulumi");
  return home.startsWith(localPath()) ? undefined : path.join(home, "logs");
}

/** Whether a folder is one that another user keeps from us: our tools have nothing there. */
async function isClosedByAnother(at: string): Promise<boolean> {
  const stat = await ifThere(fs.lstat(at));
  if (stat === undefined || stat.uid === process.getuid?.()) return false;
  return fs.access(at, fs.constants.R_OK).then(
    () => false,
    () => true,
  );
}

/** Looks at a file, or at every file below a directory. Files that vanish meanwhile are left out. */
export async function lookBelow(at: string, look: Look, skipped: ReadonlySet<string> = new Set()): Promise<void> {
  if (skipped.has(at)) return;
  const stat = await ifThere(fs.lstat(at));
  if (stat?.isDirectory())
    for (const name of await namesIn(at, look)) await lookBelow(path.join(at, name), look, skipped);
  else if (stat?.isFile()) await lookAt(at, nameOf(at), look);
}

const UNREADABLE = "cannot be read, so it was not searched";

/** The names in a directory, in order; none if it is gone. Reports one that cannot be read. */
export async function namesIn(directory: string, look: Look): Promise<string[]> {
  try {
    return ((await ifThere(fs.readdir(directory))) ?? []).sort();
  } catch {
    await look({ place: nameOf(directory), content: "", faults: [{ what: "it", why: UNREADABLE }] });
    return [];
  }
}

/** Bytes per read. */
const PIECE = 1024 * 1024;

/** Looks at a file and what is wrong with it anyway. Reports one that cannot be read, unless it is gone. */
export async function lookAt(file: string, place: string, look: Look, known: readonly Fault[] = []): Promise<void> {
  const faults = [...known];
  const refuse = (why: string) => faults.push({ what: path.basename(file), why });
  const bytes = async function* () {
    try {
      yield* unpacked(createReadStream(file, { highWaterMark: PIECE }), refuse);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") refuse(UNREADABLE);
    }
  };
  await look({ place, content: bytes(), faults });
}

function nameOf(file: string): string {
  const relative = path.relative(projectDirectory, file);
  return relative.startsWith("..") ? file : relative;
}

/** Reports files and directories that should keep other users out and do not. */
async function checkModes(names: readonly string[], look: Look): Promise<void> {
  for (const file of names) {
    const stat = await ifThere(fs.stat(file));
    if (stat === undefined) continue;
    const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
    const faults: Fault[] =
      (stat.mode & 0o077) === 0 ? [] : [{ what: nameOf(file), why: `mode ${mode}, open to others` }];
    await look({ place: `the mode of ${nameOf(file)}`, content: mode, faults });
  }
}
