import { describe, expect, it, test } from "vitest";
import { relayKeysFromRandom, type RelayKeys } from "../../../../../components/core/townRelay";
import { formatBackup, parseBackup } from "../../../../../tools/commands/identity/backupFile";
import { restoreBackup } from "../../../../../tools/commands/identity/restore";
import { deployedAs, failure, FakeStack, made, randomText, seedOf } from "../fakeStack";
import { ADOPTED, base64, CONTENT, GIVEN, secret, SECRETS, TOWNS } from "./lived";

describe("restoring", () => {
  const backup = parseBackup(formatBackup(CONTENT), "x");

  it("brings everything into the config of a new stack, in one write, and leaves the rest of the file", async () => {
    const stack = new FakeStack(TOWNS);
    await restoreBackup(backup, stack);
    expect(stack.edits).toHaveLength(1);
    expect(await stack.config()).toEqual({
      "town-ator:network": "local",
      "town-ator:towns": JSON.stringify({
        home: {
          nodeId: "g.home",
          subnet: "10.9.1.0/27",
          peers: {
            "g.amy": {},
            "g.bob": {},
            "g.child": { transport: "direct", url: "ws://10.9.1.9:3000" },
            "g.away": { town: "away" },
          },
          identity: { current: 3, previous: 2 },
        },
        away: { nodeId: "g.away", peers: { "g.home": { town: "home" } } },
      }),
      "town-ator:retired": JSON.stringify(CONTENT.retired),
      "town-ator:identities": JSON.stringify({
        home: { "3": base64(ADOPTED), seed: seedOf("a").toString("base64") },
        away: { seed: seedOf("d").toString("base64") },
      }),
      "town-ator:secrets": JSON.stringify({ home: SECRETS, away: { "g.home": randomText("h") } }),
      "town-ator:invites": JSON.stringify(CONTENT.invites),
      "town-ator:tokens": JSON.stringify(CONTENT.tokens),
    });
    expect(Object.keys(stack.edits[0]!.secrets).sort()).toEqual([
      "town-ator:identities",
      "town-ator:invites",
      "town-ator:secrets",
      "town-ator:tokens",
    ]);
    expect(stack.said).toEqual([
      "the backup that was made of dev on 2026-11-22T12:00:00.000Z is in Pulumi.dev.yaml, encrypted:",
      `  identity 1 of home: ${made("a").fingerprint}`,
      `  identity 2 of home: ${made("a", 2).fingerprint}`,
      `  identity 3 of home: ${ADOPTED.fingerprint}`,
      `  identity 1 of away: ${made("d").fingerprint}`,
      "`make preview` shows what `make up` will do with it",
      "stop the old deployment before `make up`: two daemons with one key take turns at its address",
    ]);
  });

  it("says of which peers the secret's version means nothing any more", async () => {
    const stack = new FakeStack(TOWNS.replace("g.bob: {}", "g.bob: { secretVersion: 3 }"));
    await restoreBackup(backup, stack);
    expect(stack.said.filter((line) => line.includes("secretVersion"))).toEqual([
      "  town-ator:secrets.home.g.bob is the secret from now on; secretVersion 3 of that peer has no effect while it is there",
    ]);
  });

  it("says of a backup that was restored before that nothing is changed", async () => {
    const stack = new FakeStack(TOWNS);
    await restoreBackup(backup, stack);
    stack.said.length = 0;
    await restoreBackup(backup, stack);
    expect(stack.said).toEqual(["everything in the backup of dev is in Pulumi.dev.yaml already; nothing is changed"]);
    expect(stack.edits).toHaveLength(1);
  });

  it("puts the backup's secrets in place of others, and says which", async () => {
    const stack = new FakeStack(TOWNS + secret("secrets", "home", "g.amy", "z".repeat(40)));
    await restoreBackup(backup, stack);
    expect(stack.said).toContain("  town-ator:secrets.home.g.amy was another one; the backup's is in its place");
    expect(JSON.parse((await stack.config())["town-ator:secrets"]!)).toMatchObject({ home: { "g.amy": GIVEN } });
  });

  it("names the keys of a town's own relay that are other ones than it has, made or given, as far as they differ", async () => {
    const [made, other] = [relayKeysFromRandom(randomText("r")), relayKeysFromRandom(randomText("s"))];
    const said = async (
      relay: RelayKeys,
      config = "",
      random: Record<string, string> = { "home-relay-seed": randomText("r") },
    ) => {
      const stack = new FakeStack(TOWNS.replace("subnet", "relay: {}\n      subnet") + config);
      stack.randomSecrets = random;
      await restoreBackup({ ...backup, towns: { ...backup.towns, home: { ...backup.towns["home"]!, relay } } }, stack);
      return stack.said.filter((line) => /relay/.test(line));
    };
    expect(await said(made)).toEqual([]);
    expect(await said(other, "", {})).toEqual([]);
    const line = (kind: string) =>
      `  the relay of home has another ${kind} key until the next \`make up\`, which gives it the backup's`;
    expect(await said({ ...made, nostr: other.nostr })).toEqual([line("nostr")]);
    expect(await said(other, secret("relayKeys", "home", "nostr", `"${other.nostr}"`))).toEqual([line("settlement")]);
    expect(await said(other, secret("relayKeys", "home", "nostr", `"${made.nostr}"`))).toEqual([
      "  town-ator:relayKeys.home.nostr was another one; the backup's is in its place",
      line("settlement"),
    ]);
  });

  it("leaves a deployed town at the identity that it has, and says which key that leaves out", async () => {
    const stack = new FakeStack(TOWNS.replace("subnet", "identity: { current: 1, next: 2 }\n      subnet"));
    stack.deployedTowns = [deployedAs("home", "g.home", { 1: made("a"), 2: made("a", 2) })];
    await restoreBackup({ ...backup, retired: [] }, stack);
    expect(await stack.at("towns")).toMatchObject({ home: { identity: { current: 1, next: 2 } } });
    expect(stack.said).toContain(
      `  not taken: identity 3 of home, ${ADOPTED.fingerprint}, for no identity of that number is in the config`,
    );
  });

  it("takes the place of an address that the operator has given up", async () => {
    const stack = new FakeStack(`${TOWNS}  town-ator:retired: [${made("x").fingerprint}]\n`);
    stack.deployedTowns = [deployedAs("away", "g.away", { 1: made("x") })];
    await restoreBackup(backup, stack);
    expect(JSON.parse((await stack.config())["town-ator:retired"]!)).toEqual([
      made("x").fingerprint,
      made("a").fingerprint,
    ]);
  });

  it("asks nothing of addresses that a deployed town has not published, which nobody knows", async () => {
    const stack = new FakeStack(TOWNS.replace("subnet", "identity: { current: 3 }\n      subnet"));
    stack.randomSecrets = { "home-identity-seed": randomText("x") };
    stack.deployedTowns = [deployedAs("home", "g.home", { 3: ADOPTED })];
    await restoreBackup(backup, stack);
    expect(stack.edits).toHaveLength(1);
  });

  test.each<[string, (stack: FakeStack) => void, string]>([
    [
      "another published address",
      (stack) => (stack.deployedTowns = [deployedAs("away", "g.away", { 1: made("x") })]),
      `The stack dev has other addresses than the backup; nothing is changed:\n  identity 1 of away is ${made("x").fingerprint} here and ${made("d").fingerprint} in the backup\n` +
        "Restore into a new stack; or, to give one of these up for good, add its fingerprint to town-ator:retired and run this again.",
    ],
    [
      "a seed of another address, though nothing is published",
      (stack) => (stack.randomSecrets = { "home-identity-seed": randomText("x") }),
      `  identity 1 of home is ${made("x").fingerprint} here and ${made("a").fingerprint} in the backup\n`,
    ],
    [
      "another adopted key",
      (stack) => (stack.file += secret("identities", "away", '"1"', base64(made("x")))),
      `  identity 1 of away is ${made("x").fingerprint} here and ${made("d").fingerprint} in the backup\n`,
    ],
    [
      "a town that it does not declare, and a peer",
      (stack) =>
        (stack.file =
          "config:\n  town-ator:towns:\n    home: { nodeId: g.home, peers: { g.bob: {}, g.away: {}, g.amy: {} } }\n"),
      "The backup has towns, relays or peers that Pulumi.dev.yaml does not declare. Add them, each with its own settings, and run this again; nothing is changed:\n" +
        "  config:\n    town-ator:towns:\n      home:\n        peers:\n          g.child: {}\n      away:\n        nodeId: g.away\n        peers:\n          g.home: {}",
    ],
    [
      "a town of another nodeId",
      (stack) =>
        (stack.file = stack.file
          .replace("nodeId: g.home", "nodeId: g.other")
          .replace("peers: { g.home: { town: home } }", "peers: { g.other: { town: home } }")),
      "The town home of the backup is g.home, and that of Pulumi.dev.yaml is g.other: a key belongs to one of them only. Nothing is changed.",
    ],
    [
      "another suffix",
      (stack) =>
        (stack.file += `  town-ator:suffix: onion\n  town-ator:images: { anon: "a@sha256:${"0".repeat(64)}" }\n`),
      "The addresses in the backup end in .anon, and this stack's daemon makes .onion ones: set town-ator:suffix to anon, and town-ator:images.anon to an image of that daemon.",
    ],
    [
      "a peer that is reached in another way now",
      (stack) => (stack.file = stack.file.replace("g.bob: {}", "g.bob: { stack: { name: o/p/s, town: bob } }")),
      "The backup does not fit the config:\n  town-ator:towns.home.peers.g.bob: is reached in more than one way: stack, the invite at invites.home.g.bob; keep one",
    ],
  ])("refuses a stack that has %s, and changes nothing", async (_, change, message) => {
    const stack = new FakeStack(TOWNS);
    change(stack);
    const error = await failure(() => restoreBackup(backup, stack));
    expect(error.name).toBe("UserError");
    expect(error.message).toContain(message);
    expect([stack.edits, stack.said]).toEqual([[], []]);
  });
});
