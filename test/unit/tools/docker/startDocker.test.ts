import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect, it, test } from "vitest";
import { removeStalePid } from "../../../../tools/docker/startDocker";

test.each([
  ["a process that is gone", "4194305\n", "node", false],
  ["a living process of another name", `${process.pid}\n`, "dockerd", false],
])("removes a pid file that names %s", async (_, text, command) => {
  const directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"));
  const file = path.join(directory, "d.pid");
  await fs.writeFile(file, text);
  await removeStalePid(file, command);
  expect(await fs.readdir(directory)).toEqual([]);
  await fs.rm(directory, { recursive: true });
});

it("keeps the pid file of a living process", async () => {
  const directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"));
  const file = path.join(directory, "d.pid");
  await fs.writeFile(file, `${process.pid}`);
  const name = /^Name:\s*(.+)$/m.exec(await fs.readFile("/proc/self/status", "utf8"))?.[1] ?? "";
  await removeStalePid(file, name);
  expect(await fs.readdir(directory)).toEqual(["d.pid"]);
  await fs.rm(directory, { recursive: true });
});
