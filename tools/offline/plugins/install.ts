import { access, mkdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { STAND_INS, bundle, sourceHash, type StandIn } from "./bundle";

const PROJECT = resolve(__dirname, "..", "..", "..");

/**
 * Puts the stand-ins for the official docker and random plugins where the engine looks for the official ones of the versions that
 * package.json names. Nothing is done for a plugin whose sources have not changed since.
 * @param pulumiHome the PULUMI_HOME of this project (`.town-ator/pulumi-home`). Throws if it lies outside the project: in a user's own
 *   PULUMI_HOME a stand-in would pass for the official plugin in every other project too.
 */
export async function installStandIns(pulumiHome: string): Promise<void> {
  await mustBeOurs(pulumiHome);
  await Promise.all(STAND_INS.map((name) => install(pulumiHome, name)));
}

async function mustBeOurs(pulumiHome: string): Promise<void> {
  const home = await existing(resolve(pulumiHome));
  const path = relative(await realpath(PROJECT), home);
  if (path === "" || path === ".." || path.startsWith(`..${sep}`) || resolve(path) === path) {
    throw new Error(`the stand-in plugins go only into a PULUMI_HOME inside ${PROJECT}, and ${pulumiHome} is not`);
  }
}

/** The real path, also of a folder that is yet to be made: links in it could lead out of the project. */
async function existing(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return join(await existing(dirname(path)), relative(dirname(path), path));
  }
}

async function install(pulumiHome: string, name: StandIn): Promise<void> {
  const version = await officialVersion(name);
  const folder = join(pulumiHome, "plugins", `resource-${name}-v${version}`);
  const script = join(folder, `pulumi-resource-${name}`);
  const stamp = `${await sourceHash(__dirname, join(PROJECT, "package-lock.json"), version)} ${process.execPath}\n`;
  const code = join(folder, "plugin.cjs");
  const stampFile = join(folder, "stand-in");
  const whole = await Promise.all(
    [script, code].map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (!whole.includes(false) && (await readFile(stampFile, "utf8").catch(() => "")) === stamp) return;

  await mkdir(folder, { recursive: true });
  await replaceFile(code, await bundle(__dirname, name, version));
  await replaceFile(script, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(resolve(code))} "$@"\n`, 0o755);
  await replaceFile(stampFile, stamp);
}

async function officialVersion(name: StandIn): Promise<string> {
  const file = join(PROJECT, "node_modules", "@pulumi", name, "package.json");
  const { version } = JSON.parse(await readFile(file, "utf8")) as { version?: unknown };
  if (typeof version !== "string") throw new Error(`${file} names no version`);
  return version;
}

/** Whoever runs the old file meanwhile keeps it whole. */
async function replaceFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, content, { mode });
  await rename(fresh, path);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
