import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packContext, packFile } from "../../../../../tools/offline/plugins/docker/tar";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "town-ator-tar-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** What the system's own tar lists, one line an entry. */
function listing(archive: Buffer, ...options: string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const tar = execFile("tar", ["-t", ...options, "-f", "-"], (error: Error | null, stdout) =>
      error ? reject(error) : resolve(stdout.trim().split("\n")),
    );
    tar.stdin?.end(archive);
  });
}

async function write(path: string, content = "x"): Promise<void> {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), content);
}

it("packs one file with its mode, owned by root, under its path without the leading slash", async () => {
  const [line] = await listing(
    await packFile("/etc/town-ator/secrets.env", Buffer.from("secret"), 0o400),
    "-v",
    "--numeric-owner",
  );
  expect(line).toMatch(/^-r-------- 0\/0 +6 .* etc\/town-ator\/secrets\.env$/);
});

it("packs a build context whole, owned by root", async () => {
  await write("Dockerfile");
  await write("src/deep/a.ts");
  await symlink("src", join(folder, "link"));
  const archive = await buffer(await packContext(folder, "Dockerfile"));
  expect(await listing(archive)).toEqual(["Dockerfile", "link", "src/deep/a.ts"]);
  for (const line of await listing(archive, "-v", "--numeric-owner")) expect(line).toContain(" 0/0 ");
});

it("leaves out what .dockerignore excludes, at any depth, and takes back what it takes back", async () => {
  await write(".dockerignore", "*\n!src\nsrc/**/*.test.ts\n");
  await write("Dockerfile");
  await write("README.md");
  await write("src/a.ts");
  await write("src/deep/a.test.ts");
  const archive = await buffer(await packContext(folder, "Dockerfile"));
  expect(await listing(archive)).toEqual([".dockerignore", "Dockerfile", "src/a.ts"]);
});

it("names a context or a Dockerfile that is missing", async () => {
  const missing = join(folder, "nowhere");
  await expect(packContext(missing, "Dockerfile")).rejects.toThrow(
    new Error(`the build context ${missing} is not a folder that can be read`),
  );
  await expect(packContext(folder, "Dockerfile")).rejects.toThrow(
    new Error(`dockerfile not found at path: ${join(folder, "Dockerfile")}`),
  );
});
