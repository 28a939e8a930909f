import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deriveIdentity } from "../../components/core/identity";
import { parseInvite } from "../../components/core/invite";
import { defaultBase } from "../../tools/docker/baseImages";
import { editConfigFile } from "../../tools/pulumi/configEdit";
import { chooseStack } from "../../tools/pulumi/stack";
import { fromOutside, townsOf } from "./outside";
import { docker, TestStack, type Ended } from "./support";

/**
 * The life of an address on real daemons, stage by stage. After each stage that destroys something, a daemon that knows
 * nothing of the stack dials the same address.
 */
const stack = new TestStack("e2e-identity");
const heir = new TestStack("e2e-heir");
const object = (role: string, of = stack) => `town-ator-${of.name}-home-${role}`;
const SIDECAR = object("sidecar");
const PASSPHRASE = "correct horse battery staple";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-e2e-identity-"));
const BACKUP = path.join(folder, "backup.age");
/** What a config file keeps of a passphrase that is lost. */
const SALT = "encryptionsalt: v1:t3QnjAOf7eo=:v1:nj6IUPxoRSxs4+7N:kckunVUPpPIqnq71dJ29XfbLs/txug==\n";
/** Base image for a sidecar image that differs. */
const OTHER_BASE = "town-ator/base-anon:e2e-other";

const town = (name: string, more = "") => `config:
  town-ator:network: local
  town-ator:keep: true
  town-ator:towns:
    ${name}:
      nodeId: g.home
      peers: { g.visitor: {}, g.other: {${more}} }
`;

/** The address and what the visitor presents, after the first up. */
let first: { fingerprint: string; anonUrl: string; peerId: string; token: string };

async function home() {
  const { home: found } = await townsOf(stack);
  if (!found) throw new Error("the stack has no town home");
  const { peerId, token } = parseInvite(found.invites["g.visitor"]!);
  return { ...found, peerId, token };
}

/** Asserts that address and visitor's secret are the first ones, and that the town accepts the visitor there. */
async function answersAsAtFirst(): Promise<void> {
  const { fingerprint, anonUrl } = await home();
  expect({ fingerprint, same: anonUrl === first.anonUrl }).toEqual({ fingerprint: first.fingerprint, same: true });
  expect(await fromOutside(stack, SIDECAR, ({ dial }) => dial(first.anonUrl, first))).toBe("accepted");
}

async function remove(kind: "container" | "network" | "volume", ...names: string[]): Promise<void> {
  for (const name of names) await docker(kind, "rm", ...(kind === "container" ? ["--force"] : []), name);
}

/** Ids and start times of the stack's containers, to see whether any was touched. */
async function untouched(): Promise<string> {
  const names = await stack.objects("container");
  return (await docker("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", ...names)).output;
}

async function refused(target: string, words: (string | RegExp)[], env = {}, input = ""): Promise<Ended> {
  const [before, config] = [await untouched(), fs.readFileSync(stack.configFile, "utf8")];
  const result = await stack.make(target, env, input);
  expect(result.exitCode, result.output).not.toBe(0);
  for (const word of words) expect(result.output).toMatch(word);
  expect(await untouched()).toBe(before);
  expect(fs.readFileSync(stack.configFile, "utf8")).toBe(config);
  return result;
}

beforeAll(async () => {
  for (const each of [stack, heir]) {
    each.configure(town("home"));
    await each.erase();
  }
  stack.configure(town("home"));
  await stack.made("up");
  const { fingerprint, anonUrl, peerId, token } = await home();
  first = { fingerprint, anonUrl, peerId, token };
});

afterAll(async () => {
  await stack.erase();
  await heir.erase();
  await docker("image", "rm", "--force", OTHER_BASE);
  fs.rmSync(folder, { recursive: true });
});

describe("an address outlives", () => {
  it("the loss of the volume with its key", async () => {
    const users = await docker("ps", "--all", "--quiet", "--filter", `volume=${object("keys")}`);
    await remove("container", ...users.output.split("\n").filter(Boolean));
    await remove("volume", object("keys"));
    await stack.made("up");
    await answersAsAtFirst();
  });

  it("the loss of all containers, and a refresh that finds them gone", async () => {
    await remove("container", ...(await stack.objects("container")));
    const { exitCode, output } = await stack.pulumi("refresh", "--yes", "--skip-preview");
    expect(exitCode, output).toBe(0);
    await stack.made("up");
    await answersAsAtFirst();
  });

  it("the loss of the Docker host: the same state, an empty Engine", async () => {
    const { output: image } = await docker("inspect", "--format", "{{.Image}}", SIDECAR);
    const { output: tags } = await docker("image", "inspect", "--format", '{{join .RepoTags " "}}', image);
    for (const kind of ["container", "network", "volume"] as const) await remove(kind, ...(await stack.objects(kind)));
    await docker("image", "rm", "--force", ...tags.split(" "));
    await stack.made("up");
    await answersAsAtFirst();
  });

  it("another image of the sidecar", async () => {
    const { output: before } = await docker("inspect", "--format", "{{.Image}}", SIDECAR);
    const { env } = await stack.environment();
    const base = env["TOWN_ATOR_ANON_BASE"] || defaultBase("images/anon/Dockerfile");
    const context = path.join(folder, "context");
    fs.mkdirSync(context);
    fs.writeFileSync(path.join(context, "Dockerfile"), `FROM ${base}\nENV OTHER_IMAGE=1\n`);
    await docker("build", "--tag", OTHER_BASE, context);
    await stack.made("up", { TOWN_ATOR_ANON_BASE: OTHER_BASE });
    expect((await docker("inspect", "--format", "{{.Image}}", SIDECAR)).output).not.toBe(before);
    await answersAsAtFirst();
  });

  it("make down, which keeps its seed and its volume", async () => {
    const { output } = await stack.made("down");
    expect(output).toContain("the identity in the state");
    expect(await stack.objects("volume")).toContain(object("keys"));
    expect(await stack.objects("container")).toEqual([]);
    await stack.made("up");
    // Peers' secrets are not kept; a backup contains them.
    const { token } = await home();
    expect(token).not.toBe(first.token);
    first = { ...first, token };
    await answersAsAtFirst();
  });
});

describe("an address", () => {
  it("is not lost when the town is renamed: up refuses", async () => {
    const text = fs.readFileSync(stack.configFile, "utf8");
    stack.configure(text.replaceAll(/^( +)home:/gm, "$1house:"));
    try {
      await refused("up", [first.fingerprint, "towns.home: is gone", "call it home again"]);
    } finally {
      stack.configure(text);
    }
  });
});

describe("a peer's secret", () => {
  it("changes with its version, for that peer only, and the preview says who must be told first", async () => {
    const before = (await home()).invites;
    stack.configure(town("home", " secretVersion: 2 "));
    const { output } = await stack.made("preview");
    expect(output).toContain("the secret that g.other presents to home changes (version 1 to 2)");
    await stack.made("up");
    const after = (await home()).invites;
    expect(after["g.visitor"]).toBe(before["g.visitor"]);
    const [old, fresh] = [parseInvite(before["g.other"]!), parseInvite(after["g.other"]!)];
    expect(
      await fromOutside(stack, SIDECAR, async ({ dial }) => [
        await dial(first.anonUrl, fresh),
        await dial(first.anonUrl, old),
        await dial(first.anonUrl, first),
      ]),
    ).toEqual(["accepted", "refused F00", "accepted"]);
  });
});

describe("a backup", () => {
  it("is one encrypted file, and making it shows no secret", async () => {
    const { output } = await stack.made("identity-backup", { FILE: BACKUP }, `${PASSPHRASE}\n`);
    expect(output).toContain(`identity 1 of home: ${first.fingerprint}`);
    const values = Object.values(await stack.secrets());
    expect(values.filter((value) => output.includes(value))).toEqual([]);
    const file = fs.readFileSync(BACKUP);
    expect(values.filter((value) => file.includes(value))).toEqual([]);
    expect(fs.statSync(BACKUP).mode & 0o777).toBe(0o600);
  });

  it("changes nothing if it is damaged or the passphrase is wrong", async () => {
    await refused("identity-restore", [/passphrase/i], { FILE: BACKUP }, "another passphrase\n");
    const damaged = path.join(folder, "damaged.age");
    const bytes = fs.readFileSync(BACKUP);
    bytes[bytes.length - 20]! ^= 1;
    fs.writeFileSync(damaged, bytes);
    await refused("identity-restore", [/damaged|altered|corrupt/i], { FILE: damaged }, `${PASSPHRASE}\n`);
  });

  it("restores address and secrets after the loss of state, containers and volumes", async () => {
    await stack.erase();
    stack.configure(SALT + town("home", " secretVersion: 2 "));
    const salted = await stack.make("identity-restore", { FILE: BACKUP }, `${PASSPHRASE}\n`);
    expect(salted.exitCode, salted.output).not.toBe(0);
    expect(salted.output).toContain("remove the line `encryptionsalt`");
    stack.configure(town("home", " secretVersion: 2 "));
    const { output } = await stack.made("identity-restore", { FILE: BACKUP }, `${PASSPHRASE}\n`);
    expect(output).not.toContain(first.token);
    await stack.made("up");
    await answersAsAtFirst();
  });
});

describe("an address is not lost by", () => {
  const other = deriveIdentity(Buffer.alloc(32, 5));

  it("adopting another key", async () => {
    const key = other.secretKeyFile.toString("base64");
    await refused("identity-adopt", [first.fingerprint, other.fingerprint], { TOWN: "home" }, key);
  });

  it("another key in the config", async () => {
    const text = fs.readFileSync(stack.configFile, "utf8");
    const pulumi = await chooseStack(await stack.environment(), stack.name);
    const secrets = { "town-ator:identities": { home: { 1: other.secretKeyFile.toString("base64") } } };
    await editConfigFile(pulumi, stack.configFile, text, { secrets, plain: {} }, "the key");
    try {
      await refused("up", [first.fingerprint, other.fingerprint, "make identity-rotate", "nothing was changed"]);
    } finally {
      stack.configure(text);
    }
  });

  it("any of these: it still answers", answersAsAtFirst);
});

describe("a town moves", () => {
  let second: { fingerprint: string; anonUrl: string };

  it("by announcing a second address, at which it answers too", async () => {
    await stack.made("identity-rotate", { TOWN: "home" });
    expect((await stack.made("preview")).output).toMatch(/\+ next\s+: \{/);
    await stack.made("up");
    const { fingerprint, next, invites } = await home();
    expect(fingerprint).toBe(first.fingerprint);
    second = next!;
    expect(parseInvite(invites["g.visitor"]!).nextUrl).toBe(second.anonUrl);
    expect(
      await fromOutside(stack, SIDECAR, async ({ dial }) => [
        await dial(first.anonUrl, first),
        await dial(second.anonUrl, first),
      ]),
    ).toEqual(["accepted", "accepted"]);
  });

  it("by switching to it, without a restart of the sidecar", async () => {
    const { output: before } = await docker("inspect", "--format", "{{.Id}}", SIDECAR);
    await stack.made("identity-rotate", { TOWN: "home" });
    await stack.made("up");
    const { fingerprint, previous } = await home();
    expect([fingerprint, previous?.fingerprint]).toEqual([second.fingerprint, first.fingerprint]);
    expect((await docker("inspect", "--format", "{{.Id}}", SIDECAR)).output).toBe(before);
    expect(
      await fromOutside(stack, SIDECAR, async ({ dial }) => [
        await dial(second.anonUrl, first),
        await dial(first.anonUrl, first),
      ]),
    ).toEqual(["accepted", "accepted"]);
  });

  it("and gives up the old one only when the operator names it", async () => {
    await refused("identity-rotate", [`RETIRE=${first.fingerprint}`], { TOWN: "home" });
    await stack.made("identity-rotate", { TOWN: "home", RETIRE: first.fingerprint });
    await stack.made("up");
    const answers = await fromOutside(stack, SIDECAR, async ({ dial }) => [
      await dial(second.anonUrl, first),
      await dial(first.anonUrl, first, 20),
    ]);
    expect(answers).toEqual(["accepted", expect.stringMatching(/^unreachable: /)]);
  });

  it("and the old key is still in the next backup", async () => {
    const file = path.join(folder, "moved.age");
    const { output } = await stack.made("identity-backup", { FILE: file }, `${PASSPHRASE}\n`);
    expect(output).toContain(`identity 1 of home: ${first.fingerprint}`);
    expect(output).toContain(`identity 2 of home: ${second.fingerprint}`);
  });

  it("to a new deployment that adopts its key from a file, a container or a volume", async () => {
    const image = (await docker("inspect", "--format", "{{.Image}}", SIDECAR)).output.trim();
    const keyFile = path.join(folder, "hs_ed25519_secret_key");
    await docker("cp", `${SIDECAR}:/keys/hs-2/hs_ed25519_secret_key`, keyFile);
    const volume = `docker run --rm --network none --volume ${object("keys")}:/keys:ro --entrypoint cat ${image} /keys/hs-2/hs_ed25519_secret_key`;
    for (const source of [`cat ${keyFile}`, `docker cp ${SIDECAR}:/keys/hs-2 -`, volume]) {
      heir.configure(town("home"));
      const { exitCode, output } = await heir.shell(
        `${source} | make --silent identity-adopt STACK=${heir.name} TOWN=home`,
      );
      expect(exitCode, output).toBe(0);
      expect(output).toContain(`home has adopted the key of ${second.fingerprint} as identity 1`);
    }
    await stack.erase();
    await heir.made("up");
    const { home: adopted } = await townsOf(heir);
    expect(adopted!.fingerprint).toBe(second.fingerprint);
    const claim = parseInvite(adopted!.invites["g.visitor"]!);
    expect(await fromOutside(heir, object("sidecar", heir), ({ dial }) => dial(second.anonUrl, claim))).toBe(
      "accepted",
    );
  });
});
