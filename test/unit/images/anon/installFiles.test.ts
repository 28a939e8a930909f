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

  it("keeps what is there when a start.sh among the files refuses the others, and says why", () => {
    upload("a1", { "start.sh": "exit 0", anonrc: "one" });
    expect(install("a1").status).toBe(0);
    upload("b2", { "start.sh": `[ "$1" = check ] && cat "$2/anonrc" && exit 1`, anonrc: "two" });
    expect(install("b2")).toMatchObject({ status: 6, stdout: "two" });
    expect(volume()).toEqual({ "start.sh": "exit 0", anonrc: "one" });
  });

  it("does not install what an earlier run uploaded and never installed", () => {
    upload("a1", { "connector.yaml": "one", "client.g.bob.auth_private": "a removed peer's key" });
    upload("b2", { "connector.yaml": "two" });
    expect(install("b2").status).toBe(0);
    expect(volume()).toEqual({ "connector.yaml": "two" });
  });

  it("fails and changes no file when nothing was uploaded for its run, and leaves no upload of another", () => {
    upload("a1", { "connector.yaml": "one" });
    install("a1");
    upload("a1", { "connector.yaml": "again" });
    expect(install("b2").status).not.toBe(0);
    expect(volume()).toEqual({ "connector.yaml": "one" });
  });

  it("leaves no upload when it fails half-way", () => {
    upload("a1", { "connector.yaml": "one", "secrets.env": "two" });
    const folder = path.join(root, "files", ".new.a1.folder");
    fs.mkdirSync(folder);
    expect(install("a1").status).not.toBe(0);
    expect(Object.keys(volume()).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)("names the volumes of another user, and changes nothing in them", () => {
    upload("a1", { "connector.yaml": "one" });
    for (const folder of ["files", "data"]) fs.chownSync(path.join(root, folder), 1000, 1000);
    expect(install("a1")).toMatchObject({ status: 5, stdout: `${root}/files ${root}/data\n`, stderr: "" });
    expect(volume()).toEqual({ ".new.a1.connector.yaml": "one" });
    fs.chownSync(path.join(root, "files"), 0, 0);
    expect(install("a1")).toMatchObject({ status: 5, stdout: `${root}/data\n` });
  });
});
