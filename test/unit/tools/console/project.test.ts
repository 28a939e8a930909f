import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeLocalDirectory } from "../../../../tools/console/project";

let parent: string;
beforeAll(async () => void (parent = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"))));
afterAll(() => fs.rm(parent, { recursive: true }));

it("the directory of everything made on this machine is closed to others, also one that was open to them", async () => {
  const directory = path.join(parent, ".town-ator");
  const mode = async () => ((await fs.stat(directory)).mode & 0o777).toString(8);
  await makeLocalDirectory(directory);
  expect(await mode()).toBe("700");
  await fs.chmod(directory, 0o755);
  await makeLocalDirectory(directory);
  expect(await mode()).toBe("700");
});
