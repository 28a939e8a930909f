import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SCRIPT = path.join(__dirname, "../../../../images/anon/bin/install-files");

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-install-"));
  for (const folder of ["files", "data"]) fs.mkdirSync(path.join(root, folder));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

/** Puts files where the provider uploads those of a run. */
function upload(run: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files))
    fs.writeFileSync(path.join(root, "files", `.new.${run}.${name}`), content, { mode: 0o444 });
}

function install(run: string) {
  const script = fs.readFileSync(SCRIPT, "utf8").replaceAll(/(?<=[ >])\/(files|data)\b/g, `${root}/$1`);
  return spawnSync("sh", ["-c", script, "install-files", run], { encoding: "utf8" });
}

/** What is in the volume, hidden files too. */
function volume(): Record<string, string> {
  const folder = path.join(root, "files");
  return Object.fromEntries(
    fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name), "utf8")]),
  );
}

describe("the one-shot that installs files", () => {
  it("leaves exactly the files of its run, readable by their owner alone, and says nothing", () => {
    upload("a1", { "connector.yaml": "one", "client.g.bob.auth_private": "key" });
    expect(install("a1")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(volume()).toEqual({ "connector.yaml": "one", "client.g.bob.auth_private": "key" });
    upload("b2", { "connector.yaml": "two" });
    expect(install("b2").status).toBe(0);
    expect(volume()).toEqual({ "connector.yaml": "two" });
    expect(fs.statSync(path.join(root, "files", "connector.yaml")).mode & 0o777).toBe(0o400);
  });

  it("does not install what an earlier run uploaded and never installed", () => {
    upload("a1", { "connector.yaml": "one", "client.g.bob.auth_private": "a removed peer's key" });
    upload("b2", { "connector.yaml": "two" });
    expect(install("b2").status).toBe(0);
    expect(volume()).toEqual({ "connector.yaml": "two" });
  });

  it("fails and touches nothing when nothing was uploaded for its run", () => {
    upload("a1", { "connector.yaml": "one" });
    install("a1");
    expect(install("b2").status).not.toBe(0);
    expect(volume()).toEqual({ "connector.yaml": "one" });
  });
});
