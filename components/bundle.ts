/** Bundles TypeScript with esbuild into one file that a container's Node runs. */
import { execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { BuildOptions } from "esbuild";
import { filesBelow } from "./docker/buildContext";

/** What the launcher's bundle is made of, besides ws: its own sources, and the core that it imports. */
const LAUNCHER_SOURCES = ["runtime/launcher", "components/core"];

/** The published connector's image has Node 22; a tsconfig.json that happens to lie around changes nothing. */
const OPTIONS = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  charset: "utf8",
  // Each town's state holds the text.
  minifyWhitespace: true,
  // Packages keep the path by which they were found, wherever a link to them leads.
  preserveSymlinks: true,
  // ws looks for two native modules that make it faster, and the bundle has to need nothing but Node.
  define: { "process.env.WS_NO_BUFFER_UTIL": '"1"', "process.env.WS_NO_UTF_8_VALIDATE": '"1"' },
  tsconfigRaw: "{}",
  logLevel: "error",
} satisfies BuildOptions;

/** Run by a Node of its own: prints the bundle. */
const SCRIPT =
  "process.stdout.write(require(process.argv[1]).buildSync(JSON.parse(process.argv[2])).outputFiles[0].text)";

/**
 * Bundles the program `entry`, a path below `folder`, with everything it imports. The text depends on the sources
 * alone: the paths of packages in it are relative to `folder`.
 *
 * esbuild runs in a process without Pulumi's variables: these hold the decrypted config (PULUMI_CONFIG), and perhaps
 * the passphrase and an access token.
 *
 * @throws Error with esbuild's messages
 */
export function bundle(folder: string, entry: string): string {
  // With its links resolved, as esbuild resolves those of the sources.
  const options = { ...OPTIONS, entryPoints: [entry], absWorkingDir: fs.realpathSync(folder), write: false };
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_") && name !== "NODE_OPTIONS");
  return execFileSync(process.execPath, ["-e", SCRIPT, require.resolve("esbuild"), JSON.stringify(options)], {
    env: Object.fromEntries(env),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

let launcher: string | undefined;

/** The launcher as the one file that is mounted into the connector's container. */
export function bundledLauncher(): string {
  return (launcher ??= cachedLauncher(path.join(__dirname, "..")));
}

/**
 * The launcher whose sources are below `folder`: as it was bundled last time, if they are unchanged. The cache is in
 * the node_modules folder that holds esbuild, because those who could plant a launcher there could plant an esbuild as
 * well. If that folder is read-only, the launcher is bundled every time, which takes some 150 ms.
 */
export function cachedLauncher(folder: string): string {
  const esbuild = require.resolve("esbuild/package.json", { paths: [folder] });
  const hash = createHash("sha256").update(JSON.stringify(OPTIONS)).update(fs.readFileSync(esbuild));
  hash.update(fs.readFileSync(require.resolve("ws/package.json", { paths: [folder] })));
  for (const file of LAUNCHER_SOURCES.flatMap((source) => filesBelow(path.join(folder, source)))) {
    hash.update(`\0${path.relative(folder, file)}\0`).update(fs.readFileSync(file));
  }
  const cache = path.join(esbuild, "../../.cache/town-ator");
  const file = path.join(cache, `launcher-${hash.digest("hex")}.cjs`);
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    const text = bundle(folder, "runtime/launcher/main.ts");
    try {
      fs.mkdirSync(cache, { recursive: true });
      // Renamed into place, so that nobody reads half of it.
      const fresh = `${file}.${randomUUID()}`;
      fs.writeFileSync(fresh, text);
      fs.renameSync(fresh, file);
    } catch {
      // Bundled again next time.
    }
    return text;
  }
}
