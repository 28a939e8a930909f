import * as fs from "node:fs";
import * as path from "node:path";
import { bundle } from "../components/bundle";
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
    fs.writeFileSync(path.join(target, "main.js"), bundle(project, "images/connector/src/main.ts"));
  });
}
