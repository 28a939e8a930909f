import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anonContext, connectorContext } from "../../../stack/imageContexts";

const PROJECT = path.join(__dirname, "../../..");
const PROGRAMS = path.join("node_modules", "@anyone-protocol", "anyone-client", "bin", "linux", "x64");

let project: string;

/** A copy of what contexts are made of, in a folder of its own; the programs are links. */
beforeEach(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-contexts-"));
  fs.cpSync(path.join(PROJECT, "images"), path.join(project, "images"), { recursive: true });
  fs.copyFileSync(path.join(PROJECT, "package-lock.json"), path.join(project, "package-lock.json"));
  fs.mkdirSync(path.join(project, PROGRAMS), { recursive: true });
  for (const name of ["anon", "anon-gencert"]) {
    fs.symlinkSync(path.join(PROJECT, PROGRAMS, name), path.join(project, PROGRAMS, name));
  }
});
afterEach(() => fs.rmSync(project, { recursive: true }));

describe("the context of the anon image", () => {
  it("holds the Dockerfile, the scripts and the daemon, all programs executable", () => {
    const { path: folder } = anonContext(project);
    expect(folder).toBe(path.join(".town-ator", "images", "anon"));
    const bin = path.join(project, folder, "bin");
    expect(fs.readdirSync(bin).sort()).toEqual([
      "anon",
      "anon-gencert",
      "install-files",
      "install-identity",
      "local-ator-network",
      "local-ator-network-health",
    ]);
    for (const file of fs.readdirSync(bin)) expect(fs.statSync(path.join(bin, file)).mode & 0o777).toBe(0o755);
    expect(fs.existsSync(path.join(project, folder, "Dockerfile"))).toBe(true);
  });

  it("can be read and run by everybody, whatever the umask of whoever makes it", () => {
    const before = process.umask(0o077);
    try {
      const { path: folder } = anonContext(project);
      const mode = (name: string) => fs.statSync(path.join(project, folder, name)).mode & 0o777;
      expect(["bin", "bin/anon", "bin/install-files", "Dockerfile"].map(mode)).toEqual([0o755, 0o755, 0o755, 0o644]);
    } finally {
      process.umask(before);
    }
  });

  it("is left alone while nothing changes, and made anew with another hash when a script does", () => {
    const first = anonContext(project);
    const made = fs.statSync(path.join(project, first.path)).ino;
    expect(anonContext(project)).toEqual(first);
    expect(fs.statSync(path.join(project, first.path)).ino).toBe(made);

    fs.appendFileSync(path.join(project, "images", "anon", "bin", "install-files"), "\n");
    expect(anonContext(project).hash).not.toBe(first.hash);
  });

  it("is not made of a program that is not the one we know", () => {
    fs.rmSync(path.join(project, PROGRAMS, "anon"));
    fs.writeFileSync(path.join(project, PROGRAMS, "anon"), "something else");
    expect(() => anonContext(project)).toThrow(
      /anon is not the program that this project knows \(its SHA-256 differs\)/,
    );
    expect(fs.existsSync(path.join(project, ".town-ator", "images", "anon"))).toBe(false);
  });

  it("is not made without the program, and the error says what to do", () => {
    fs.rmSync(path.join(project, PROGRAMS, "anon-gencert"));
    expect(() => anonContext(project)).toThrow(/anon-gencert is missing: run npm ci/);
  });
});

describe("the context of the connector image", () => {
  it("holds the connector as one file", () => {
    fs.symlinkSync(path.join(PROJECT, "node_modules"), path.join(project, "images", "node_modules"));
    const { path: folder } = connectorContext(project);
    expect(fs.readdirSync(path.join(project, folder)).sort()).toEqual(["Dockerfile", "main.js"]);
    expect(fs.readFileSync(path.join(project, folder, "main.js"), "utf8")).toContain("connector_ready");
  });
});
