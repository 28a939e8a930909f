import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../tools/console/run";
import { cloneWorkingTree, docker, PROJECT, TestStack } from "./support";

// What the README and the tutorial show, typed as it stands there, in a copy of the working tree. It has the files that
// Git knows, and no packages, toolchain, state or passphrase. Docker, Node, Go and the caches of npm and Go are the
// machine's. Not `town-ator-…`, which `make verify` searches: it would find the passphrase of the clone.
const root = fs.mkdtempSync(path.join(tmpdir(), "newcomer-"));
const clone = path.join(root, "town-ator");
/** The stacks that are named there. */
const STACKS = ["dev", "two-homes", "alice", "bob"].map((name) => new TestStack(name));
/** The longest that a command may take, in milliseconds: the first one installs packages and builds what it needs. */
const LIMIT = 900_000;

const KINDS = ["container", "network", "volume"] as const;
let ours = false;

beforeAll(async () => {
  const there = (await Promise.all(STACKS.flatMap((stack) => KINDS.map((kind) => stack.objects(kind))))).flat();
  if (there.length > 0)
    throw new Error(`These may be somebody's: take their stack down before the newcomer's run.\n${there.join("\n")}`);
  ours = true;
  await cloneWorkingTree(clone);
});

afterAll(async () => {
  for (const stack of ours ? STACKS : []) {
    for (const container of await stack.objects("container")) await docker("rm", "--force", "--volumes", container);
    for (const network of await stack.objects("network")) await docker("network", "rm", network);
    for (const volume of await stack.objects("volume")) await docker("volume", "rm", "--force", volume);
  }
  fs.rmSync(root, { recursive: true, force: true });
});

interface Step {
  readonly command: string;
  /** What the page shows of its output. */
  readonly shown: readonly string[];
}

interface Page {
  /** The files that the reader is told to write. */
  readonly files: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

/**
 * Reads a page as a newcomer does. A block without a language is a list of commands if it begins with `make`, and
 * otherwise the output of the command before it; a block of YAML goes into the file that was named last.
 */
function read(file: string): Page {
  const text = fs.readFileSync(path.join(PROJECT, file), "utf8");
  const files = new Map<string, string>();
  const steps: { command: string; shown: string[] }[] = [];
  for (const { 1: language, 2: block = "", index } of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const lines = block.split("\n").filter(Boolean);
    if (language === "yaml")
      files.set(
        text
          .slice(0, index)
          .match(/`Pulumi\.[\w-]+\.yaml`/g)!
          .at(-1)!
          .slice(1, -1),
        block,
      );
    else if (language === "" && block.startsWith("make "))
      steps.push(...lines.map((command) => ({ command, shown: [] })));
    else if (language === "") steps.at(-1)!.shown.push(...lines);
  }
  return { files, steps };
}

/** The lines of a page that are not in an output, in this order. `…` stands for anything; so does a fingerprint. */
function missing(shown: readonly string[], output: string): string[] {
  const squeezed = (line: string) => line.replace(/ +/g, " ").trim();
  const rest = output.split("\n").map(squeezed);
  return shown.map(squeezed).filter((line) => {
    const pattern = line
      .replace(/\b[0-9a-f]{4}(-[0-9a-f]{4}){3}\b/, "…")
      .split("…")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
    const at = rest.findIndex((candidate) => new RegExp(`^${pattern}$`).test(candidate));
    rest.splice(0, at + 1);
    return at === -1;
  });
}

/** What the shell of a newcomer has not: anything of Pulumi, and of the npm, make and vitest that run this. */
function environment(): NodeJS.ProcessEnv {
  const foreign = /^(PULUMI_|npm_|MAKE|MFLAGS|VITEST|TEST$|MODE$|NODE_ENV$|INIT_CWD$)/;
  const names = Object.keys(process.env).filter((name) => foreign.test(name));
  const folders = process.env["PATH"]!.split(path.delimiter).filter((folder) => !folder.includes("node_modules"));
  const PATH = folders.join(path.delimiter);
  const without = Object.fromEntries(names.map((name) => [name, undefined]));
  return { ...without, PATH, PULUMI_CREDENTIALS_PATH: root, npm_config_prefer_offline: "true" };
}

/** Types a command in the clone, and gives all that it prints. */
async function typed(command: string, input: string): Promise<string> {
  const options = { cwd: clone, env: environment(), reject: false, timeout: LIMIT, input };
  const { exitCode, all } = await run("bash", ["-o", "pipefail", "-c", command], options);
  if (exitCode !== 0) throw new Error(`${command} exited ${exitCode}:\n${all}`);
  return all;
}

describe.each(["README.md", "docs/tutorials/two-strangers.md"])("%s, read by a newcomer", (file) => {
  const { files, steps } = read(file);
  let invite = "";

  beforeAll(() => {
    for (const [name, text] of files) fs.writeFileSync(path.join(clone, name), text);
  });

  it.each(steps)(
    "does what it says, and prints what it shows: $command",
    async ({ command, shown }) => {
      // What is pasted at a prompt is the invite that was printed last.
      const output = await typed(command, command.startsWith("make accept") ? invite : "");
      invite = /^ator-invite-\S+$/m.exec(output)?.[0] ?? invite;
      expect(missing(shown, output), output).toEqual([]);
    },
    LIMIT,
  );

  it("leaves nothing on the Docker host", async () => {
    const left = await Promise.all(STACKS.flatMap((stack) => KINDS.map((kind) => stack.objects(kind))));
    expect(left.flat()).toEqual([]);
  });
});
