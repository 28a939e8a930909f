import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import * as http from "node:http";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";

const ROOT = path.resolve(__dirname, "../../../..");

/** What a script is told of how its output ended, if its reader goes after the first piece of it. */
async function readOnce(
  args: readonly string[],
  env: Record<string, string> = {},
  pipe: "stdout" | "stderr" = "stdout",
) {
  const child = spawn(process.execPath, ["--require", "./tools/ts.cjs", ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  const others = child[pipe === "stdout" ? "stderr" : "stdout"];
  let other = "";
  others.on("data", (piece: Buffer) => (other += piece.toString()));
  child[pipe].once("data", () => child[pipe].destroy());
  const [code] = (await once(child, "close")) as [number | null];
  return { code, other };
}

describe("a command whose reader is gone", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(tmpdir(), "town-ator-closed-"));
  });
  afterAll(() => fs.rm(folder, { recursive: true }));

  it("lets Pulumi finish, and goes on to what comes after it", async () => {
    const [pulumi, finished] = [path.join(folder, "pulumi"), path.join(folder, "finished")];
    const prints = "for i in 1 2 3 4 5 6; do echo $i; echo $i >&2; sleep 0.05; done";
    await fs.writeFile(pulumi, `#!/bin/sh\n${prints}\n>${finished}\n`, { mode: 0o755 });
    const script = `
      require("./tools/console/closedOutput.ts").outliveReaders();
      const { Pulumi } = require("./tools/pulumi/pulumi.ts");
      new Pulumi({ pulumi: ${JSON.stringify(pulumi)}, env: {} }, "dev").stream(["up"]).then(({ exitCode, output }) => {
        console.error("ended", exitCode, output.split("\\n").length);
      });`;
    const { code, other } = await readOnce(["-e", script]);
    expect([code, other]).toEqual([0, expect.stringMatching(/^ended 0 12$/m)]);
    await fs.stat(finished);
  });

  test.each(["stdout", "stderr"] as const)("goes on when that was of its %s", async (pipe) => {
    const other = pipe === "stdout" ? "stderr" : "stdout";
    const script = `
      require("./tools/console/closedOutput.ts").outliveReaders();
      let left = 5;
      const timer = setInterval(() => {
        process.${pipe}.write("x\\n");
        if (--left === 0) clearInterval(timer), process.${other}.write("whole");
      }, 50);`;
    expect(await readOnce(["-e", script], {}, pipe)).toEqual({ code: 0, other: "whole" });
  });

  test.each([
    ["fails all the same when its output is lost in another way, such as a full disk", "ENOSPC", [1, null], ""],
    ["ends without a core dump when that was its terminal", "EIO", [null, "SIGKILL"], "whole"],
  ])("%s", async (_, code, ended, out) => {
    const script = `
      require("./tools/console/closedOutput.ts").outliveReaders();
      process.stdout.emit("error", Object.assign(new Error(), { code: "${code}" }));
      process.stdout.write("whole");`;
    const child = spawn(process.execPath, ["--require", "./tools/ts.cjs", "-e", script], { cwd: ROOT });
    const said = text(child.stdout);
    expect(await once(child, "close")).toEqual(ended);
    expect(await said).toBe(out);
  });

  it("ends if it is make logs, which would follow the log for ever", async () => {
    const labels = { "town-ator.stack": "dev", "town-ator.town": "home", "town-ator.role": "connector" };
    const line = Buffer.from("a line\n");
    const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, line.length]), line]);
    const engine = http.createServer((request, response) => {
      if (!request.url!.includes("/logs"))
        return void response.end(JSON.stringify([{ Id: "c", Names: ["/c"], Labels: labels }]));
      const timer = setInterval(() => response.write(frame), 50);
      response.once("close", () => clearInterval(timer));
    });
    const socket = path.join(folder, "docker.sock");
    await new Promise<void>((done) => engine.listen(socket, done));
    expect(await readOnce(["tools/cli.ts", "logs"], { DOCKER_HOST: `unix://${socket}` })).toEqual({
      code: 0,
      other: "",
    });
    engine.closeAllConnections();
    engine.close();
  });
});
