import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, it } from "vitest";
import { keepTestsApart } from "../../mocks";
import { built, container } from "../../oneTown";

keepTestsApart();

it("a health check waits before it checks once it has succeeded, and no more after it has failed", async () => {
  const { resources } = await built();
  const { tests } = container(resources, "home-sidecar-daemon").inputs["healthcheck"] as { tests: string[] };
  expect(tests.slice(-2)).toEqual(["/bin/sh", "/etc/town-ator/health.sh"]);
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-health-"));
  const script = tests[3]!.replaceAll("/tmp/", `${root}/`).replace("sleep 20", "echo rested");
  const check = (command: string) => {
    const { status, stdout } = spawnSync("sh", ["-c", script, "health", "sh", "-c", command], { encoding: "utf8" });
    return { status, stdout };
  };
  try {
    expect(check("echo starting; exit 3")).toEqual({ status: 1, stdout: "starting\n" });
    expect(check("true")).toEqual({ status: 0, stdout: "" });
    expect(check("true")).toEqual({ status: 0, stdout: "rested\n" });
    expect(check("false")).toEqual({ status: 1, stdout: "rested\n" });
    expect(check("true")).toEqual({ status: 0, stdout: "" });
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});
