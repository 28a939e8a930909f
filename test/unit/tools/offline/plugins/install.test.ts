import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installStandIns } from "../../../../../tools/offline/plugins/install";

const PROJECT = resolve(__dirname, "..", "..", "..", "..", "..");
let scratch: string;
let home: string;

beforeAll(async () => {
  await mkdir(join(PROJECT, ".town-ator"), { recursive: true });
  scratch = await mkdtemp(join(PROJECT, ".town-ator", "test-install-"));
  home = join(scratch, "pulumi-home");
  await installStandIns(home);
});
afterAll(() => rm(scratch, { recursive: true }));

/** The versions that the program's SDKs ask for. */
async function executable(name: string): Promise<string> {
  const { version } = JSON.parse(
    await readFile(join(PROJECT, "node_modules", "@pulumi", name, "package.json"), "utf8"),
  ) as { version: string };
  return join(home, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
}

describe("installStandIns", () => {
  it.each(["docker", "random"])(
    "puts a %s plugin where the engine looks for it, which prints its port and nothing else",
    async (name) => {
      const plugin = spawn(await executable(name), { stdio: ["ignore", "pipe", "pipe"] });
      try {
        const said: unknown[] = await once(plugin.stdout, "data");
        expect(String(said[0])).toMatch(/^\d{4,5}\n$/);
      } finally {
        plugin.kill();
      }
    },
  );

  it("makes nothing anew while the sources are the same", async () => {
    const file = join(await executable("docker"), "..", "plugin.cjs");
    const before = (await stat(file)).ino;
    await installStandIns(home);
    expect((await stat(file)).ino).toBe(before);
  });

  it("makes a plugin anew that was lost in part", async () => {
    const file = await executable("random");
    await rm(join(file, "..", "plugin.cjs"));
    await installStandIns(home);
    await access(join(file, "..", "plugin.cjs"));
  });

  it("refuses a PULUMI_HOME outside the project, also one that a link leads to, and writes nothing there", async () => {
    const outside = await mkdtemp(join(tmpdir(), "town-ator-home-"));
    const link = join(scratch, "link");
    await symlink(outside, link);
    for (const path of [outside, join(link, "home"), PROJECT, join(PROJECT, "..", "other")]) {
      await expect(installStandIns(path)).rejects.toThrow(
        new Error(`the stand-in plugins go only into a PULUMI_HOME inside ${PROJECT}, and ${path} is not`),
      );
    }
    await expect(access(join(outside, "plugins"))).rejects.toThrow();
    await rm(outside, { recursive: true });
  });
});
