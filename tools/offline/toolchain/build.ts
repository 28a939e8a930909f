import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { run } from "../../console/run";
import { localPath, UserError } from "../../console/project";
import { during } from "../../console/say";

/** A program that is built from a Go module of ours, which does nothing but pin the program's module and its sums. */
interface GoProgram {
  binary: string;
  /** Directory beside this file with go.mod and go.sum. */
  directory: string;
  package: string;
  /** The module whose version is built in: without it the program calls itself 0.0.0. */
  module: string;
  tags: string;
  what: string;
  takes: string;
}

const programs: GoProgram[] = [
  {
    binary: "pulumi",
    directory: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    module: "github.com/pulumi/pulumi/pkg/v3",
    tags: "osusergo,grpcnotrace",
    what: "the Pulumi CLI",
    takes: "some 5 minutes",
  },
  {
    // The last release of the Node language host before it became a module of its own, which the proxy does not have.
    binary: "pulumi-language-nodejs",
    directory: "languageHost",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    module: "github.com/pulumi/pulumi/sdk/v3",
    tags: "",
    what: "Pulumi's Node language host",
    takes: "a minute",
  },
];

/**
 * Builds the Pulumi CLI and its Node language host from their Go modules, in the versions that the go.mod files beside
 * this file pin, unless that has been done. Gives the directory of the two binaries (the CLI looks for the language
 * host beside itself).
 *
 * @throws UserError if Go is missing, or with the last lines of a failed build
 */
export async function buildToolchain(binaries: string = localPath("toolchain", "bin")): Promise<string> {
  await fs.mkdir(binaries, { recursive: true });
  // One after the other: the second build finds most of its packages in the first one's cache.
  for (const program of programs) await buildProgram(program, binaries);
  return binaries;
}

async function buildProgram(program: GoProgram, binaries: string): Promise<void> {
  const directory = path.join(__dirname, program.directory);
  const mod = await fs.readFile(path.join(directory, "go.mod"), "utf8");
  const sum = await fs.readFile(path.join(directory, "go.sum"), "utf8");
  const version = requiredVersion(mod, program.module);
  const inputs = [mod, sum, program.package, program.tags, process.arch].join("\n");
  const stamp = `${program.binary} ${version} ${createHash("sha256").update(inputs).digest("hex")}\n`;
  const stampFile = path.join(binaries, `${program.binary}.stamp`);
  const target = path.join(binaries, program.binary);
  if (await isDone(target, stampFile, stamp)) return;

  await assertGo();
  const draft = `${target}.${process.pid}.new`;
  const what = `building ${program.what} ${version} from its Go module (once, ${program.takes})`;
  const result = await during(what, () =>
    run(
      "nice",
      [
        "go",
        "build",
        "-trimpath",
        "-tags",
        program.tags,
        "-ldflags",
        linkerFlags(version),
        "-o",
        draft,
        program.package,
      ],
      { cwd: directory, reject: false, env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" } },
    ),
  );
  if (result.exitCode !== 0) {
    await fs.rm(draft, { force: true });
    throw new UserError(`Building ${program.what} failed:\n${lastLines(result.all, 15)}`);
  }
  await fs.rename(draft, target);
  await fs.writeFile(stampFile, stamp);
}

function linkerFlags(version: string): string {
  return `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
}

async function isDone(target: string, stampFile: string, stamp: string): Promise<boolean> {
  try {
    await fs.access(target, fs.constants.X_OK);
    return (await fs.readFile(stampFile, "utf8")) === stamp;
  } catch {
    return false;
  }
}

async function assertGo(): Promise<void> {
  const result = await run("go", ["version"], { reject: false });
  if (result.exitCode !== 0) {
    throw new UserError(
      "Go is not installed, and without it no Pulumi can be built here: install Go (https://go.dev/dl/), or Pulumi itself " +
        "(https://www.pulumi.com/docs/install/).",
    );
  }
}

/** The version, such as `v3.259.0`, in which the text of a go.mod requires a module. Throws if it does not. */
export function requiredVersion(mod: string, module: string): string {
  for (const line of mod.split("\n")) {
    const [name, version] = line
      .replace(/^\s*require\s+/, "")
      .trim()
      .split(/\s+/);
    if (name === module && version?.startsWith("v")) return version;
  }
  throw new Error(`go.mod does not require ${module}`);
}

function lastLines(text: string | undefined, count: number): string {
  return (text ?? "").trimEnd().split("\n").slice(-count).join("\n");
}
