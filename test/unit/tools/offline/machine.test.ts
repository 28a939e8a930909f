import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect, it, test } from "vitest";
import { defaultBase } from "../../../../tools/offline/baseImages";
import { parseLdd, parsePrintedUris } from "../../../../tools/offline/baseRoot";
import { isAlive, removeStalePid } from "../../../../tools/docker/startDocker";
import { requiredVersion } from "../../../../tools/offline/toolchain/build";

test.each([
  ["require github.com/pulumi/pulumi/sdk/v3 v3.68.0\n", "github.com/pulumi/pulumi/sdk/v3", "v3.68.0"],
  ["require (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d v2.1.3 // indirect\n)\n", "github.com/c/d", "v2.1.3"],
])("reads the version that a go.mod requires", (mod, module, version) => {
  expect(requiredVersion(mod, module)).toBe(version);
});

it("refuses a go.mod that only replaces or names a module", () => {
  const mod = "module x\n\nreplace github.com/a/b => github.com/c/b v1.0.0\n\ntool github.com/a/b\n";
  expect(() => requiredVersion(mod, "github.com/a/b")).toThrow("go.mod does not require github.com/a/b");
});

test.each([
  ["Name:\tdockerd\nState:\tS (sleeping)\n", true],
  ["Name:\tdockerd\nState:\tZ (zombie)\n", false],
  ["Name:\tdocker\nState:\tS (sleeping)\n", false],
  ["", false],
])("takes a process with the status %j for a living dockerd: %s", (status, alive) => {
  expect(isAlive(status, "dockerd")).toBe(alive);
});

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

test.each([
  ["ARG BASE=debian:bookworm-slim@sha256:96e3\nFROM ${BASE}\n", "debian:bookworm-slim@sha256:96e3"],
  ['# text\narg base="node:22-alpine"\n', "node:22-alpine"],
  ["ARG BASE\nFROM ${BASE}\n", undefined],
  ["ARG BASEMENT=x\n", undefined],
])("reads the base image of %j", (dockerfile, base) => {
  expect(defaultBase(dockerfile)).toBe(base);
});

it("reads the files that apt would fetch, sorted by package", () => {
  const text = [
    "'http://deb.debian.org/debian/pool/main/b/busybox/busybox-static_1.35.0-4_amd64.deb' busybox-static_1%3a1.35.0-4_amd64.deb 940000 SHA256:ab",
    "'http://deb.debian.org/debian/pool/main/b/bash/bash_5.2.15-2_amd64.deb' bash_5.2.15-2_amd64.deb 1491000 SHA256:cd",
    "",
  ].join("\n");
  expect(parsePrintedUris(text)).toEqual([
    { name: "bash", file: "bash_5.2.15-2_amd64.deb" },
    { name: "busybox-static", file: "busybox-static_1%3a1.35.0-4_amd64.deb" },
  ]);
});

it("reads libraries and loader from ldd, and nothing for what is not there", () => {
  const text = [
    "\tlinux-vdso.so.1 (0x00007ffc)",
    "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f42)",
    "\tlibgone.so.1 => not found",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f43)",
  ].join("\n");
  expect(parseLdd(text)).toEqual(["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"]);
  expect(parseLdd("\tnot a dynamic executable\n")).toEqual([]);
});
