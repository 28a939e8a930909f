import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anonContext } from "../../../components/anonImage";

const PROJECT = path.join(__dirname, "../../..");
const PROGRAMS = path.join("node_modules", "@anyone-protocol", "anyone-client", "bin", "linux", "x64");

let project: string;

/** A copy of what contexts are made of, in a folder of its own; the programs are links. */
beforeEach(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-contexts-"));
  fs.cpSync(path.join(PROJECT, "images"), path.join(project, "images"), { recursive: true });
  fs.mkdirSync(path.join(project, PROGRAMS), { recursive: true });
  for (const name of ["anon", "anon-gencert"]) {
    fs.symlinkSync(path.join(PROJECT, PROGRAMS, name), path.join(project, PROGRAMS, name));
  }
});
afterEach(() => fs.rmSync(project, { recursive: true }));

describe("the context of the anon image", () => {
  it("holds the Dockerfile, the scripts and the daemon, all programs executable", () => {
    const { path: folder, hash } = anonContext(project, project);
    expect(folder).toBe(path.join(".town-ator", "images", `anon-${hash.slice(0, 12)}`));
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

  it("can be read and run by everybody, whatever the umask", () => {
    const before = process.umask(0o077);
    try {
      const { path: folder } = anonContext(project, project);
      const mode = (name: string) => fs.statSync(path.join(project, folder, name)).mode & 0o777;
      expect(["bin", "bin/anon", "bin/install-files", "Dockerfile"].map(mode)).toEqual([0o755, 0o755, 0o755, 0o644]);
    } finally {
      process.umask(before);
    }
  });

  it("has an empty folder for each volume, closed to others: so is a new volume, before anything is uploaded", () => {
    const { path: folder } = anonContext(project, project);
    const volumes = path.join(project, folder, "volumes");
    expect(fs.readdirSync(volumes).sort()).toEqual(["data", "files", "keys", "network"]);
    for (const name of fs.readdirSync(volumes)) {
      expect(fs.readdirSync(path.join(volumes, name))).toEqual([]);
      expect(fs.statSync(path.join(volumes, name)).mode & 0o777).toBe(0o700);
    }
  });

  it("is left alone while nothing changes, and made again with another hash when a script does", () => {
    const first = anonContext(project, project);
    const made = fs.statSync(path.join(project, first.path)).ino;
    expect(anonContext(project, project)).toEqual(first);
    expect(fs.statSync(path.join(project, first.path)).ino).toBe(made);

    fs.appendFileSync(path.join(project, "images", "anon", "bin", "install-files"), "\n");
    expect(anonContext(project, project).hash).not.toBe(first.hash);
  });

  it("is not made of a program that is not the one we know", () => {
    fs.rmSync(path.join(project, PROGRAMS, "anon"));
    fs.writeFileSync(path.join(project, PROGRAMS, "anon"), "something else");
    expect(() => anonContext(project, project)).toThrow(
      /anon is not the program that this project knows \(its SHA-256 differs\)/,
    );
    expect(fs.readdirSync(path.join(project, ".town-ator", "images"))).toEqual([]);
  });

  it("is not made without the program, and the error says what to do", () => {
    fs.rmSync(path.join(project, PROGRAMS, "anon-gencert"));
    expect(() => anonContext(project, project)).toThrow(
      "@anyone-protocol/anyone-client, which holds anon-gencert, is missing: run npm ci",
    );
  });

  it("is made for the program of another folder than the package's", () => {
    const other = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-program-"));
    try {
      const { path: folder, hash } = anonContext(other, project);
      expect(hash).toBe(anonContext(project, project).hash);
      expect(fs.existsSync(path.join(other, folder, "bin", "anon"))).toBe(true);
    } finally {
      fs.rmSync(other, { recursive: true });
    }
  });

  it("takes the daemon from a node_modules above the package, where npm puts it for the package's users", () => {
    const installed = path.join(project, "node_modules", "town-ator");
    fs.cpSync(path.join(project, "images"), path.join(installed, "images"), { recursive: true });
    expect(anonContext(project, installed).hash).toBe(anonContext(project, project).hash);
  });
});
