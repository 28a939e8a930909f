import * as fs from "node:fs/promises";
import * as path from "node:path";
import { run } from "../console/run";
import { UserError } from "../console/project";

/** What the root consists of: busybox has the small tools; libseccomp2 and libc6 are for `anon-gencert`. */
const packageNames = ["busybox-static", "bash", "libtinfo6", "libc6", "libseccomp2"];
const directories = [
  "usr/bin",
  "usr/sbin",
  "usr/lib",
  "usr/lib64",
  "etc",
  "dev",
  "proc",
  "sys",
  "root",
  "run",
  "var/lib",
];

/**
 * The files of the root's packages, which apt would fetch: `bash_5.2.15-2+b7_amd64.deb` and so on. Throws a UserError
 * where there is no apt or no mirror.
 */
export async function debianPackages(): Promise<string[]> {
  const ask = () => run("apt-get", ["download", "--print-uris", ...packageNames], { reject: false, cwd: "/" });
  let result = await ask();
  if (result.exitCode !== 0 && process.getuid?.() === 0) {
    await run("apt-get", ["update", "-q"], { reject: false });
    result = await ask();
  }
  if (result.exitCode !== 0) {
    throw new UserError(
      "No image registry answers, and base images can only be made from Debian packages, on Debian or Ubuntu with package lists " +
        "(`apt-get update`). Elsewhere, set TOWN_ATOR_ANON_BASE and TOWN_ATOR_NODE_BASE to images that you have.",
    );
  }
  return parsePrintedUris(result.stdout);
}

/** The files in the lines `'<uri>' <file> <size> <hash>` of `apt-get download --print-uris`, sorted. */
export function parsePrintedUris(text: string): string[] {
  return [...text.matchAll(/^'[^']+' (\S+\.deb) /gm)].map(([, file]) => file!).sort();
}

/**
 * Makes a root file system in `<directory>/root` from Debian packages: bash, the busybox applets and the C library,
 * with an unprivileged user of uid and gid 1000. Gives its path.
 */
export async function makeRoot(directory: string, user: string): Promise<string> {
  const root = path.join(directory, "root");
  const downloads = path.join(directory, "packages");
  await fs.mkdir(downloads, { recursive: true });
  for (const part of directories) await fs.mkdir(path.join(root, part), { recursive: true, mode: 0o755 });
  for (const merged of ["bin", "sbin", "lib", "lib64"]) await fs.symlink(`usr/${merged}`, path.join(root, merged));

  // apt's own sandbox user may not write here; as root it would only warn, on every package.
  await run("apt-get", ["download", "-q", "-o", "APT::Sandbox::User=root", ...packageNames], { cwd: downloads });
  for (const file of (await fs.readdir(downloads)).sort()) {
    // --keep-directory-symlink: a package that still ships /lib must land behind our link.
    const unpack =
      'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2"';
    await run("bash", ["-c", unpack, "unpack", path.join(downloads, file), root]);
  }
  for (const unused of ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/menu"]) {
    await fs.rm(path.join(root, unused), { recursive: true, force: true });
  }
  await linkApplets(root);
  await writeAccounts(root, user);
  await fs.mkdir(path.join(root, "tmp"));
  await fs.chmod(path.join(root, "tmp"), 0o1777);
  return root;
}

async function linkApplets(root: string): Promise<void> {
  const busybox = path.join(root, "usr/bin/busybox");
  const { stdout } = await run(busybox, ["--list"]);
  for (const applet of stdout.split("\n").filter((name) => name !== "" && name !== "busybox" && name !== "bash")) {
    const link = path.join(root, "usr/bin", applet);
    await fs.rm(link, { force: true });
    await fs.symlink("busybox", link);
  }
}

async function writeAccounts(root: string, user: string): Promise<void> {
  const passwd = `root:x:0:0:root:/root:/bin/sh\n${user}:x:1000:1000:${user}:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n`;
  await fs.writeFile(path.join(root, "etc/passwd"), passwd);
  await fs.writeFile(path.join(root, "etc/group"), `root:x:0:\n${user}:x:1000:\nnogroup:x:65534:\n`);
}

/** Adds a Node binary, with its shared libraries and external built-in modules, to a root. */
export async function addNode(root: string, execPath: string): Promise<void> {
  await copyInto(root, execPath, "usr/bin/node");
  await fs.chmod(path.join(root, "usr/bin/node"), 0o755);
  const listing = await run("ldd", [await fs.realpath(execPath)], { reject: false });
  for (const file of [...parseLdd(listing.stdout), ...externalBuiltins()]) await copyInto(root, file);
}

/** Absolute paths of the shared libraries, and the loader, in the output of `ldd`; none for a static binary. */
export function parseLdd(text: string): string[] {
  return text.split("\n").flatMap((line) => /(?:=>\s*|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1] ?? []);
}

/**
 * Debian's own Node keeps some built-in modules as files outside the binary; Node's usual builds name relative paths
 * here.
 */
function externalBuiltins(): string[] {
  const variables = process.config.variables as { node_builtin_shareable_builtins?: string[] };
  return (variables.node_builtin_shareable_builtins ?? []).filter((file) => path.isAbsolute(file));
}

async function copyInto(root: string, file: string, place = file): Promise<void> {
  const target = path.join(root, place);
  await fs.mkdir(path.dirname(target), { recursive: true });
  // The file itself, not the link to it. A library that the packages brought is the same or newer, and is replaced by
  // the one that Node runs with.
  await fs.rm(target, { force: true });
  await fs.copyFile(await fs.realpath(file), target);
}

/** Packs a root into a tar file, owned by root throughout and the same for the same content. Gives the tar's path. */
export async function packRoot(root: string, archive: string): Promise<string> {
  await run("tar", [
    ...["--create", "--file", archive, "--directory", root, "--sort=name", "--mtime=@0"],
    ...["--owner=0", "--group=0", "--numeric-owner", "."],
  ]);
  return archive;
}
