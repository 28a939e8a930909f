import type Docker from "dockerode";
import { describe, expect, it, test } from "vitest";
import { whyMake } from "../../../../tools/offline/baseImages";
import { parseLdd, parsePrintedUris } from "../../../../tools/offline/baseRoot";

describe("a base image", () => {
  const base = { variable: "BASE", dockerfile: "images/connector/Dockerfile", kind: "node" } as const;
  /** An Engine that has one image, if any, and gets an answer from the registry or not. */
  const engine = (has: string | undefined, registryAnswers = false) =>
    ({
      getImage: (name: string) => ({
        inspect: () => (name === has ? Promise.resolve({}) : Promise.reject(new Error("404"))),
        distribution: () => (registryAnswers ? Promise.resolve({}) : Promise.reject(new Error("no answer"))),
      }),
    }) as unknown as Docker;
  const made = { BASE: "town-ator/base-node:1", node: process.version };

  test.each([
    ["made before", engine("town-ator/base-node:1"), made, undefined],
    ["the public one", engine(undefined, true), {}, undefined],
    ["no public one", engine(undefined), {}, "no image registry answers"],
    ["of another Node", engine("town-ator/base-node:1"), { ...made, node: "v1.0.0" }, `Node is ${process.version} now`],
    ["made elsewhere", engine(undefined, true), made, "town-ator/base-node:1 is not on this Docker host"],
  ])("that is %s is made only if it has to be, and says why", async (_what, docker, stamp, why) => {
    expect(await whyMake(docker, base, stamp)).toBe(why);
  });
});

it("reads the files that apt would fetch, sorted by package", () => {
  const text = [
    "'http://deb.debian.org/debian/pool/main/b/busybox/busybox-static_1.35.0-4_amd64.deb' busybox-static_1%3a1.35.0-4_amd64.deb 940000 SHA256:ab",
    "'http://deb.debian.org/debian/pool/main/b/bash/bash_5.2.15-2_amd64.deb' bash_5.2.15-2_amd64.deb 1491000 SHA256:cd",
    "",
  ].join("\n");
  expect(parsePrintedUris(text)).toEqual(["bash_5.2.15-2_amd64.deb", "busybox-static_1%3a1.35.0-4_amd64.deb"]);
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
