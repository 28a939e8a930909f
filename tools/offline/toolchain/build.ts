import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { run, type RunResult } from "../../console/run";
import { localPath, UserError } from "../../console/project";
import { during } from "../../console/say";
import type { ProviderVersions } from "../../pulumi/environment";

/** Programs that are built together, from a Go module of ours that pins theirs. */
interface GoModule {
  /** Directory with go.mod and go.sum. */
  directory: string;
  packages: string[];
  /** Names of the programs: the last parts of `packages`. */
  binaries: string[];
  /** Variables that the linker sets, by name. */
  variables: Record<string, string>;
  what: string;
}

const flags = [
  "-trimpath",
  "-buildvcs=false",
  "-tags",
  "osusergo,grpcnotrace",
  // A third less to compile: no DWARF, which the linker would leave out, and nothing inlined but what Go itself brings.
  // A preview takes as long as without these two.
  "-gcflags=all=-dwarf=false -l",
  "-gcflags=std=-dwarf=false",
];

/**
 * What decides what is built, whatever the user's environment and `go env -w` say: an empty value would hide neither.
 */
export const GO_ENVIRONMENT = {
  CGO_ENABLED: "0",
  GOFLAGS: "-mod=readonly",
  GOOS: process.platform,
  GOARCH: process.arch === "x64" ? "amd64" : process.arch,
  GOWORK: "off",
};

/**
 * Builds the Pulumi CLI, the providers and the Node language host from their Go modules, in the versions that the
 * go.mod files here pin, unless they are built already. Returns the directory of the binaries: the CLI looks for the
 * language host beside itself.
 *
 * @throws UserError if Go is missing, or with the last lines of a failed build
 */
export async function buildToolchain(versions: ProviderVersions): Promise<string> {
  const modules = await unbuilt(versions);
  // One after the other, each as soon as it is downloaded: the second finds Go's own packages in the first's cache.
  let built = Promise.resolve();
  try {
    await Promise.all(
      modules.map(async (module) => {
        const packages = await download(module);
        await (built = built.then(() => build(module, packages)));
      }),
    );
  } finally {
    await Promise.all(modules.map((module) => fs.rm(drafts(module), { recursive: true, force: true })));
  }
  return binDirectory();
}

/** Whether `buildToolchain` has nothing to do. */
export async function isToolchainBuilt(versions: ProviderVersions): Promise<boolean> {
  return (await unbuilt(versions)).length === 0;
}

/** Which commit the docker provider built here contains, and which bridge: one phrase. */
export async function describeDockerProvider(): Promise<string> {
  return describe(await goMod(__dirname));
}

/** The phrase of `describeDockerProvider` from the text of a go.mod. Throws if it names no commit of the provider. */
export function describe(mod: string): string {
  const [, commit, after] =
    /=> \S+\/(?=terraform-provider-docker )\S+ v\S+-([0-9a-f]{12})(?: \/\/ (.*))?$/m.exec(mod) ?? [];
  if (commit === undefined) throw new Error("go.mod does not name a commit of terraform-provider-docker");
  const bridge = requiredVersion(mod, "github.com/pulumi/pulumi-terraform-bridge/v3");
  return `terraform-provider-docker ${commit}${after ? ` (${after})` : ""} behind Pulumi's bridge ${bridge}`;
}

async function unbuilt(versions: ProviderVersions): Promise<GoModule[]> {
  const modules = await goModules(versions);
  const built = await Promise.all(modules.map(isBuilt));
  return modules.filter((_, index) => !built[index]);
}

async function goModules(versions: ProviderVersions): Promise<GoModule[]> {
  const hostDirectory = path.join(__dirname, "languageHost");
  const cli = requiredVersion(await goMod(__dirname), "github.com/pulumi/pulumi/pkg/v3");
  const host = requiredVersion(await goMod(hostDirectory), "github.com/pulumi/pulumi/sdk/v3");
  // Without it the programs call themselves 0.0.0.
  const pulumiVersion = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
  return [
    {
      directory: __dirname,
      packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "./providers"],
      binaries: ["pulumi", "providers"],
      variables: {
        [pulumiVersion]: cli,
        "main.dockerVersion": versions.docker,
        "main.randomVersion": versions.random,
      },
      what: `the Pulumi CLI ${cli} and the docker and random providers`,
    },
    {
      // The last release of the Node language host before it became a module of its own, which the proxy lacks.
      directory: hostDirectory,
      packages: ["github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"],
      binaries: ["pulumi-language-nodejs"],
      variables: { [pulumiVersion]: host },
      what: `Pulumi's Node language host ${host}`,
    },
  ];
}

function goMod(directory: string): Promise<string> {
  return fs.readFile(path.join(directory, "go.mod"), "utf8");
}

/**
 * Downloads what a build needs. Returns how many packages it consists of.
 *
 * The go.mod files here name only what is chosen; the versions of everything else follow from that, and go.sum has the
 * hashes of all of it. Go writes what follows into copies. The copy of go.sum is then put back, so that nothing is
 * built that has no hash here.
 */
async function download(module: GoModule): Promise<number> {
  const restore = (name: string) => fs.copyFile(path.join(module.directory, name), path.join(drafts(module), name));
  await fs.mkdir(drafts(module), { recursive: true });
  await Promise.all(["go.mod", "go.sum"].map(restore));
  const packages = await during(`downloading the Go modules of ${module.what}`, async (progress) => {
    let modules = 0;
    const list = ["list", "-mod=mod", "-deps", ...flags, ...module.packages];
    // Go downloads as many modules at once as it may use cores.
    const { stdout } = await go(list, module, { GOMAXPROCS: "16" }, (line) => {
      if (isDownload(line)) progress(`${++modules} modules`);
    });
    return stdout.split("\n").length;
  });
  await restore("go.sum");
  return packages;
}

async function build(module: GoModule, total: number): Promise<void> {
  const variables = Object.entries(module.variables).map(([name, value]) => `-X ${name}=${value}`);
  const link = ["-ldflags", ["-s", "-w", ...variables].join(" "), "-o", `${drafts(module)}${path.sep}`];
  await during(`building ${module.what} (once)`, async (progress) => {
    let compiled = 0;
    await go(["build", "-v", ...flags, ...link, ...module.packages], module, {}, (line) => {
      // "At most", because packages that are in Go's cache are not compiled again.
      if (isPackage(line)) progress(`${++compiled} of at most ${total} packages`);
    });
  });
  await fs.mkdir(binDirectory(), { recursive: true });
  await install(module.binaries, drafts(module), binDirectory(), stampFile(module), await stampOf(module));
}

/** Moves new programs to where they are used, and notes what they are made from: nothing, while there are old ones. */
export async function install(
  programs: readonly string[],
  from: string,
  to: string,
  stampFile: string,
  stamp: string,
): Promise<void> {
  await fs.rm(stampFile, { force: true });
  for (const program of programs) await fs.rename(path.join(from, program), path.join(to, program));
  await fs.writeFile(stampFile, stamp);
}

async function go(
  args: string[],
  module: GoModule,
  env: Record<string, string>,
  onLine: (line: string) => void,
): Promise<RunResult> {
  const [verb = "", ...rest] = args;
  const result = await run("go", [verb, `-modfile=${path.join(drafts(module), "go.mod")}`, ...rest], {
    cwd: module.directory,
    reject: false,
    env: { ...GO_ENVIRONMENT, ...env },
    started: ({ stderr }) => createInterface({ input: stderr! }).on("line", onLine),
  });
  if (result.exitCode === 0) return result;
  if (result.exitCode === undefined)
    throw new UserError(
      "Pulumi cannot be built here, because Go is not installed: install Go (https://go.dev/dl/), or Pulumi itself " +
        "(https://www.pulumi.com/docs/install/).",
    );
  const errors = result.stderr.split("\n").filter((line) => !isPackage(line) && !isDownload(line));
  throw new UserError(`Building ${module.what} failed:\n${errors.slice(-15).join("\n")}`);
}

function isDownload(line: string): boolean {
  return line.startsWith("go: downloading ");
}

/** Whether a line of `go build -v` names a package that was compiled. */
function isPackage(line: string): boolean {
  return /^[\w.~/-]+$/.test(line);
}

/** Where a build keeps what it makes until it is complete. */
function drafts(module: GoModule): string {
  return localPath("toolchain", `new-${process.pid}-${module.binaries[0] ?? ""}`);
}

function binDirectory(): string {
  return localPath("toolchain", "bin");
}

function stampFile(module: GoModule): string {
  return path.join(binDirectory(), `${module.binaries[0] ?? ""}.stamp`);
}

/** Hash of everything that a build is made from. */
async function stampOf(module: GoModule): Promise<string> {
  const names = await fs.readdir(module.directory, { recursive: true });
  const files = names.filter((name) => /\.(go|mod|sum)$/.test(name) && !name.startsWith("languageHost")).sort();
  const hash = createHash("sha256").update(JSON.stringify([module, flags, process.arch, files]));
  for (const file of files) hash.update(await fs.readFile(path.join(module.directory, file)));
  return `${hash.digest("hex")}\n`;
}

async function isBuilt(module: GoModule): Promise<boolean> {
  try {
    for (const binary of module.binaries) await fs.access(path.join(binDirectory(), binary), fs.constants.X_OK);
    return (await fs.readFile(stampFile(module), "utf8")) === (await stampOf(module));
  } catch {
    return false;
  }
}

/** The version, such as `v3.259.0`, in which the text of a go.mod requires a module. Throws if it does not. */
export function requiredVersion(mod: string, module: string): string {
  const lines = mod.matchAll(/^(?:require)?\s+(\S+) (v\S+)/gm);
  const [, , version] = [...lines].find(([, name]) => name === module) ?? [];
  if (version === undefined) throw new Error(`go.mod does not require ${module}`);
  return version;
}
