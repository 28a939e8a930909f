import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { buildContext, filesBelow, hashOf, type BuildContext } from "./docker/buildContext";
import { builtImage, pulledImage, type LocalBuild } from "./docker/image";

export interface AnonImageArgs extends Partial<LocalBuild> {
  /** A published anon image to pull, as `name@sha256:<64 hex digits>`. Default: none, the image is built. */
  readonly reference?: string | undefined;
}

/**
 * Declares this project's anon image: the daemon, and the one-shots that put files into volumes. It is built on the
 * Docker host, unless `reference` says where to pull it from. Gives the image's id; pass that to every component, so
 * that they share it.
 *
 * The build context is put together in `.town-ator/images` below the working directory, which is the folder of the
 * Pulumi program: keep `.town-ator` out of version control. Throws when the daemon's package is missing or altered.
 */
export function anonImage(
  name: string,
  args: AnonImageArgs = {},
  opts?: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const { reference, context = anonContext, base } = args;
  return reference === undefined
    ? builtImage(name, "anon", { context, base }, opts)
    : pulledImage(name, reference, opts);
}

/**
 * SHA-256 of the programs in `@anyone-protocol/anyone-client` 1.1.3, bin/linux/x64: anon 0.4.9.11-live and its tool for
 * authority keys.
 */
const ANON_PROGRAMS = {
  anon: "ec00c60c185530465fa270c05d7b0ebf507fec9ac970f5a58c3be75247101e1c",
  "anon-gencert": "ce09a13c86fa7e604eaf66e06795dea9287bd2a93b19caffb96c64f0a6cebb77",
} as const;

/** Folders of the image that volumes are mounted on. */
const VOLUMES = ["keys", "files", "data", "network"].map((name) => path.join("volumes", name));

/**
 * Puts the build context of images/anon together below `project`: its scripts, and the daemon out of the npm package,
 * whose install script never runs. `source` is the folder of this package. Throws when a program is missing or has
 * another SHA-256 than the known one.
 */
export function anonContext(project = ".", source = path.join(__dirname, "..")): BuildContext {
  const image = path.join(source, "images", "anon");
  const dockerfile = path.join(image, "Dockerfile");
  const scripts = filesBelow(path.join(image, "bin"));
  const hash = hashOf([dockerfile, ...scripts], Object.values(ANON_PROGRAMS));
  const fill = (target: string) => {
    fs.copyFileSync(dockerfile, path.join(target, "Dockerfile"));
    fs.mkdirSync(path.join(target, "bin"));
    const install = (content: Buffer, name: string) =>
      fs.writeFileSync(path.join(target, "bin", name), content, { mode: 0o755 });
    for (const script of scripts) install(fs.readFileSync(script), path.basename(script));
    for (const [name, sha256] of Object.entries(ANON_PROGRAMS)) install(knownProgram(source, name, sha256), name);
  };
  return buildContext(project, "anon", hash, fill, VOLUMES);
}

/** The daemon of the npm package. Throws when it is missing, or has another SHA-256 than the known one. */
export function anonProgram(source = path.join(__dirname, "..")): Buffer {
  return knownProgram(source, "anon", ANON_PROGRAMS.anon);
}

function knownProgram(source: string, name: string, sha256: string): Buffer {
  const file = programFile(source, name);
  if (file === undefined)
    throw new Error(`@anyone-protocol/anyone-client, which holds ${name}, is missing: run npm ci`);
  const content = fs.readFileSync(file);
  if (createHash("sha256").update(content).digest("hex") !== sha256) {
    throw new Error(
      `${file} is not the program that this project knows (its SHA-256 differs): remove node_modules and run npm ci`,
    );
  }
  return content;
}

/** A program of the npm package, in the first node_modules that has it, from `folder` upwards. */
function programFile(folder: string, name: string): string | undefined {
  const inPackage = path.join("node_modules", "@anyone-protocol", "anyone-client", "bin", "linux", "x64", name);
  const file = path.join(folder, inPackage);
  if (fs.existsSync(file)) return file;
  const above = path.dirname(path.resolve(folder));
  return above === path.resolve(folder) ? undefined : programFile(above, name);
}
