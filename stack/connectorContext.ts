import * as fs from "node:fs";
import * as path from "node:path";
import { buildContext, filesBelow, hashOf, type BuildContext } from "../components/docker/buildContext";

/**
 * Puts the build context of images/connector together below `project`: the development connector, bundled into one
 * file. Does nothing when that context exists.
 */
export function connectorContext(project: string): BuildContext {
  const source = path.join(project, "images", "connector");
  const dockerfile = path.join(source, "Dockerfile");
  const inputs = [dockerfile, ...filesBelow(path.join(source, "src")), path.join(project, "package-lock.json")];
  return buildContext(project, "connector", hashOf(inputs), (target) => {
    fs.copyFileSync(dockerfile, path.join(target, "Dockerfile"));
    // Loaded here and not above: most runs find the context ready.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const esbuild = require("esbuild") as typeof import("esbuild");
    esbuild.buildSync({
      entryPoints: [path.join(source, "src", "main.ts")],
      outfile: path.join(target, "main.js"),
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      logLevel: "error",
    });
  });
}
