import * as fs from "node:fs";
import * as path from "node:path";
import { anonProgram } from "../components/anonImage";
import { bundle } from "../components/bundle";
import { buildContext, filesBelow, hashOf, type BuildContext } from "../components/docker/buildContext";

/**
 * Puts the build context of images/connector together below `project`: the development connector, bundled into one
 * file, and the daemon that it can run. Does nothing when that context exists.
 */
export function connectorContext(project: string): BuildContext {
  const source = path.join(project, "images", "connector");
  const dockerfile = path.join(source, "Dockerfile");
  const inputs = [dockerfile, ...filesBelow(path.join(source, "src")), path.join(project, "package-lock.json")];
  return buildContext(project, "connector", hashOf(inputs), (target) => {
    fs.copyFileSync(dockerfile, path.join(target, "Dockerfile"));
    fs.writeFileSync(path.join(target, "anon"), anonProgram(project), { mode: 0o755 });
    fs.writeFileSync(path.join(target, "main.js"), bundle(project, "images/connector/src/main.ts"));
  });
}

/** Puts the build context of images/relay together below `project`: the stand-in for a Town relay, in one file. */
export function relayContext(project: string): BuildContext {
  const source = path.join(project, "images", "relay");
  const dockerfile = path.join(source, "Dockerfile");
  const sources = [source, path.join(project, "images", "connector")].flatMap((folder) =>
    filesBelow(path.join(folder, "src")),
  );
  return buildContext(
    project,
    "relay",
    hashOf([dockerfile, ...sources, path.join(project, "package-lock.json")]),
    (target) => {
      fs.copyFileSync(dockerfile, path.join(target, "Dockerfile"));
      fs.writeFileSync(path.join(target, "main.js"), bundle(project, "images/relay/src/main.ts"));
    },
  );
}
