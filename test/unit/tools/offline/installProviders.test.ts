import { mkdir, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { installProviders } from "../../../../tools/offline/pulumi";

let home: string;
beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), "town-ator-"))));
afterEach(() => rm(home, { recursive: true }));

const versions = { docker: "5.2.0", random: "4.21.2" };

function links(): Promise<string[]> {
  const plugins = ["resource-docker-v5.2.0/pulumi-resource-docker", "resource-random-v4.21.2/pulumi-resource-random"];
  return Promise.all(plugins.map((plugin) => readlink(join(home, "plugins", plugin))));
}

it("links one program to where the engine looks for each plugin, by name and version", async () => {
  await installProviders(home, "/bin/providers", versions);
  expect(await links()).toEqual(["/bin/providers", "/bin/providers"]);
});

it("replaces what was there: a file, or a link to somewhere else", async () => {
  await installProviders(home, "/old/providers", versions);
  await rm(join(home, "plugins", "resource-docker-v5.2.0"), { recursive: true });
  await mkdir(join(home, "plugins", "resource-docker-v5.2.0"));
  await writeFile(join(home, "plugins", "resource-docker-v5.2.0", "pulumi-resource-docker"), "#!/bin/sh\n");
  await installProviders(home, "/bin/providers", versions);
  expect(await links()).toEqual(["/bin/providers", "/bin/providers"]);
});
