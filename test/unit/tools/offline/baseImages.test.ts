import { expect, it } from "vitest";
import { parseLdd, parsePrintedUris } from "../../../../tools/offline/baseRoot";

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
