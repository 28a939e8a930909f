import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import dockerIgnore from "@balena/dockerignore";
import tarFs from "tar-fs";
import tarStream from "tar-stream";

/** An archive of one file, owned by root, as the Engine takes it for an upload. */
export async function packFile(path: string, content: Buffer, mode: number): Promise<Buffer> {
  const pack = tarStream.pack();
  pack.entry({ name: path.replace(/^\/+/, ""), mode, uid: 0, gid: 0, mtime: new Date() }, content);
  pack.finalize();
  return buffer(pack);
}

/**
 * The folder of an image build as an archive, owned by root, without what its .dockerignore excludes. The Dockerfile is always in it.
 * Throws if the folder is missing or has no such Dockerfile.
 */
export async function packContext(folder: string, dockerfile: string): Promise<Readable> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) throw new Error(`the build context ${folder} is not a folder that can be read`);
  if ((await readFile(join(folder, dockerfile)).catch(() => undefined)) === undefined) {
    throw new Error(`dockerfile not found at path: ${join(folder, dockerfile)}`);
  }
  const rules = await readFile(join(folder, ".dockerignore"), "utf8").catch(() => "");
  const kept = dockerIgnore({ ignorecase: false })
    .add(rules)
    .add([`!${dockerfile}`, "!.dockerignore"])
    .createFilter();
  // A folder that is excluded is walked all the same: a later rule may take one of its files back in.
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => kept(path))
    .sort();
  return tarFs.pack(folder, { entries: files, map: (header) => ({ ...header, uid: 0, gid: 0 }) });
}
