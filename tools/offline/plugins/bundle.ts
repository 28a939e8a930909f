import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/** The plugins that have a stand-in. */
export const STAND_INS = ["docker", "random"] as const;
export type StandIn = (typeof STAND_INS)[number];

/**
 * Parts of dockerode that a plugin never reaches and that would take most of its start: ssh:// daemons (refused) and BuildKit sessions
 * (images are built by the Engine's own builder).
 */
const leftOut: Plugin = {
  name: "left-out",
  setup(builder) {
    builder.onResolve(
      { filter: /^(ssh2|@grpc\/proto-loader|protobufjs|\.\/session|\.\/buildkit)$/ },
      ({ path, importer }) => (importer.includes("docker") ? { path, namespace: "left-out" } : undefined),
    );
    builder.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** One file of JavaScript that is the whole plugin. */
export async function bundle(folder: string, name: StandIn, version: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, name, "main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "silent",
    define: { PLUGIN_VERSION: JSON.stringify(version) },
    plugins: [leftOut],
  });
  const file = outputFiles[0];
  if (file === undefined) throw new Error(`esbuild made nothing of the ${name} plugin`);
  return file.contents;
}

/** A hash over everything that a bundle is made of: our sources, the lock file of the libraries, the version. */
export async function sourceHash(folder: string, lockFile: string, version: string): Promise<string> {
  const sources = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith(".ts")).sort();
  const hash = createHash("sha256").update(version);
  for (const path of sources) hash.update(path).update(await readFile(join(folder, path)));
  return hash.update(await readFile(lockFile)).digest("hex");
}
