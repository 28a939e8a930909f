import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../tools/console/until";
import { docker, PROJECT, TestStack, within, type Ended } from "./support";

/** The ledger of a real town: backed up, lost, brought back, and interrupted on the way. */
const stack = new TestStack("e2e-ledger");
const CONNECTOR = "town-ator-e2e-ledger-home-connector";
const PASSPHRASE = "correct horse battery staple\n";
const CLAIM = "the-peer-owes-us-12345";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-e2e-ledger-"));
const BACKUP = path.join(folder, "home.age");
/** Enough for a copy that takes longer than it takes to interrupt it. */
const LARGE = 80_000_000;

const CONFIG = `config:
  town-ator:network: local
  town-ator:keep: true
  town-ator:towns: { home: { nodeId: g.home, peers: { g.visitor: {} } } }
`;

/** Runs a shell script in the connector's container, in its data volume. */
async function inData(script: string): Promise<string> {
  return (await docker("exec", CONNECTOR, "/bin/sh", "-c", `umask 077; cd /app/data; ${script}`)).output;
}

const listing = () => inData("find . ! -path './.replaced-*' -type f -exec ls -ln {} + | sort; cat claims/home.db");
const backUp = (env: Record<string, string> = {}) =>
  stack.make("data-backup", { TOWN: "home", FILE: BACKUP, ...env }, PASSPHRASE);
const restore = (env: Record<string, string> = {}, passphrase = PASSPHRASE) =>
  stack.make("data-restore", { TOWN: "home", FILE: BACKUP, ...env }, passphrase);

async function state(): Promise<{ running: boolean; startedAt: string }> {
  const { output } = await docker("inspect", "--format", "{{.State.Running}} {{.State.StartedAt}}", CONNECTOR);
  const [running, startedAt = ""] = output.split(" ");
  return { running: running === "true", startedAt };
}

/** A restore that is refused: nothing of the data changes, and the connector goes on without a stop. */
async function refused(words: string, ended: () => Promise<Ended>): Promise<void> {
  const before = [await listing(), await state()];
  const { exitCode, output } = await ended();
  expect(exitCode, output).not.toBe(0);
  expect(output).toContain(words);
  expect([await listing(), await state()]).toEqual(before);
  expect(await inData("ls -A")).not.toContain(".restoring");
}

/** Runs a command and sends it a signal once `ready`; resolves when it has ended. */
async function interrupted(
  command: string,
  env: Record<string, string>,
  signal: NodeJS.Signals,
  ready: () => Promise<true | string>,
): Promise<void> {
  const child = spawn(process.execPath, ["--require", "./tools/ts.cjs", "tools/cli.ts", command], {
    cwd: PROJECT,
    env: { ...process.env, STACK: stack.name, TOWN: "home", FILE: BACKUP, ...env },
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.stdin.end(PASSPHRASE);
  const seen = await until(ready, (answer) => answer === true, { withinMs: 60_000, everyMs: 25 });
  child.kill(signal);
  await ended;
  expect(seen).toBe(true);
}

const isStopped = async () => !(await state()).running || "it runs";
const filesBeside = (name: string) => fs.readdirSync(folder).filter((file) => file.startsWith(name));

beforeAll(() => stack.begin(CONFIG));

afterAll(async () => {
  await stack.erase();
  fs.rmSync(folder, { recursive: true });
});

describe("the ledger of a town", () => {
  it("is asked for after up, backed up in one file that shows nothing of it, and not asked for again", async () => {
    const { output: first } = await stack.made("up");
    expect(first).toContain(
      `the ledger and the claims of home have no backup: make data-backup STACK=${stack.name} TOWN=home FILE=…`,
    );
    await inData(`mkdir claims; echo ${CLAIM} >claims/home.db; chmod 700 claims/home.db; echo 1 >ledger.db`);
    const before = await state();
    const { exitCode, output } = await backUp();
    expect(exitCode, output).toBe(0);
    expect(output).toContain(`${BACKUP} holds, encrypted, the data of home in the stack ${stack.name}: 2 files, 1 KiB`);
    expect(output).toMatch(/the connector was down for \d+\.\d s/);
    const content = fs.readFileSync(BACKUP, "latin1");
    expect([content.startsWith("age-encryption.org/v1\n"), content.includes(CLAIM)]).toEqual([true, false]);
    expect(fs.statSync(BACKUP).mode & 0o777).toBe(0o600);
    expect((await state()).startedAt).not.toBe(before.startedAt);
    const { output: second } = await stack.made("up");
    expect(second).not.toContain("data-backup");
    expect((await stack.made("verify")).output).toMatch(/data have a backup +passed +\d\.\d +the last one is .* old/);
  });

  it("is not replaced by an older one without the operator's word", async () => {
    await inData(`echo more >>claims/home.db`);
    await refused("claims/home.db, changed on ", () => restore());
  });

  it("is not replaced by a backup that does not open, or is cut short", async () => {
    await refused("cannot be opened", () => restore({ REPLACE: "newer" }, "another passphrase of mine\n"));
    const short = path.join(folder, "short.age");
    fs.writeFileSync(short, fs.readFileSync(BACKUP).subarray(0, -1));
    await refused("cut short or damaged", () => restore({ REPLACE: "newer", FILE: short }));
  });

  it("comes back with the operator's word, byte by byte with its modes, and what was there stays beside it", async () => {
    await inData("rm ledger.db; echo new >new.db");
    const { exitCode, output } = await restore({ REPLACE: "newer" });
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/the connector was down for \d+\.\d s/);
    expect(await inData("cat claims/home.db ledger.db; ls -A | grep -v replaced")).toBe(
      [CLAIM, "1", ".town-ator", "claims", "ledger.db"].join("\n"),
    );
    expect(await inData("stat -c '%a %u:%g %n' . claims claims/home.db ledger.db")).toBe(
      ["700 .", "700 claims", "700 claims/home.db", "600 ledger.db"]
        .map((line) => line.replace(" ", " 65527:65527 "))
        .join("\n"),
    );
    expect(await inData("cd .replaced-*; cat claims/home.db new.db; ls -A")).toBe(
      [CLAIM, "more", "new", "claims", "new.db"].join("\n"),
    );
    expect(await stack.objects("container")).not.toContain("town-ator-e2e-ledger-home-connector-restore");
  });
});

describe("a command that is killed", () => {
  it("by SIGTERM while the connector is stopped, starts it again and leaves no file", async () => {
    await inData(`head -c ${LARGE} /dev/urandom >large.db`);
    await interrupted("data-backup", { FILE: path.join(folder, "term.age") }, "SIGTERM", isStopped);
    expect([await state(), filesBeside("term")]).toEqual([expect.objectContaining({ running: true }), []]);
  });

  it("by SIGKILL while the connector is stopped, leaves no file of that name, and make up starts it again", async () => {
    const before = await listing();
    const isWriting = () => Promise.resolve(filesBeside("kill").some((name) => name.endsWith(".new")) || "no draft");
    await interrupted("data-backup", { FILE: path.join(folder, "kill.age") }, "SIGKILL", isWriting);
    expect(filesBeside("kill")).not.toContain("kill.age");
    expect(await isStopped()).toBe(true);
    expect((await stack.made("up")).output).toContain(`${CONNECTOR} is exited`);
    expect(await listing()).toBe(before);
  });

  it("by SIGKILL while it puts a backup beside the data, leaves these, and nothing else", async () => {
    const large = path.join(folder, "large.age");
    const { exitCode, output } = await backUp({ FILE: large });
    expect(exitCode, output).toBe(0);
    const before = [await listing(), await state()];
    await interrupted("data-restore", { FILE: large, REPLACE: "newer" }, "SIGKILL", async () => {
      const names = await inData("ls -A .restoring 2>&1 || :");
      return names.includes("large.db") || names;
    });
    await within(30, "the container that moves data is gone", async () => {
      const names = await stack.objects("container");
      return !names.includes("town-ator-e2e-ledger-home-connector-restore") || names.join(" ");
    });
    expect([await listing(), await state()]).toEqual(before);
    expect(await inData("ls -A")).not.toContain(".restoring");
    expect((await restore({ FILE: large })).exitCode).toBe(0);
  });
});
