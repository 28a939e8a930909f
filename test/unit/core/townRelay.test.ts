import { describe, expect, it, test } from "vitest";
import {
  isRelaySecret,
  nostrPublicKey,
  relayEnvironment,
  relayFiles,
  relayIdOf,
  relayKeyProblem,
  relayKeysFromRandom,
  relayNameProblem,
} from "../../../components/core/townRelay";
import { parseSecretsEnv, parseSettings } from "../../../runtime/launcher/settings";

const KEYS = { nostr: "1".repeat(64), settlement: `0x${"2".repeat(64)}` };
const RELAY = { nodeId: "g.home.relay", connector: { nodeId: "g.home", address: "10.1.2.3" }, feePerEvent: 5 };
const SECRETS = { token: "in", connectorToken: "out", keys: KEYS, publicBtpUrl: "ws://there:3000" };

describe("a relay's keys", () => {
  it("follow from the random text, each from another part of it, and are keys", () => {
    const keys = relayKeysFromRandom("r".repeat(43));
    expect(keys).toEqual(relayKeysFromRandom("r".repeat(43)));
    expect(keys).not.toEqual(relayKeysFromRandom("s".repeat(43)));
    expect(keys.settlement).not.toContain(keys.nostr);
    expect([relayKeyProblem("nostr", keys.nostr), relayKeyProblem("settlement", keys.settlement)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("have the public key that BIP 340 gives for the secret key 3", () => {
    expect(nostrPublicKey("3".padStart(64, "0"))).toBe(
      "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    );
  });

  test.each([
    ["nostr", "", "must be 64 hex digits"],
    ["nostr", `0x${"1".repeat(64)}`, "must be 64 hex digits"],
    ["nostr", "0".repeat(64), "is no key of secp256k1"],
    ["settlement", "2".repeat(64), "must be 0x and 64 hex digits"],
    ["settlement", `0x${"f".repeat(64)}`, "is no key of secp256k1"],
  ] as const)("are refused: %s %s", (kind, text, problem) => {
    expect(relayKeyProblem(kind, text)).toBe(problem);
  });
});

describe("a relay's name", () => {
  it("makes its nodeId below its town's", () => {
    expect([relayIdOf("g.home"), relayIdOf("g.home", "town")]).toEqual(["g.home.relay", "g.home.town"]);
  });

  test.each([
    ["relay", undefined],
    ["a.b", "must be lower-case letters"],
    ["-a", "must be lower-case letters"],
    ["r".repeat(60), "makes a nodeId of more than 63 characters"],
  ])("%s: %s", (name, problem) => {
    expect(relayNameProblem("g.home", name) ?? "right").toContain(problem ?? "right");
  });
});

describe("what a relay is told", () => {
  it("in the open: where its connector is, who both are, what an event costs, and that nobody else gets in", () => {
    expect(relayEnvironment(RELAY)).toEqual({
      CONNECTOR_URL: "ws://10.1.2.3:3000",
      ILP_ADDRESS: "g.home.relay",
      NODE_ID: "g.home.relay",
      PARENT_PEER_ID: "g.home",
      FEE_PER_EVENT: "5",
      TOON_CHAIN: "none",
      BTP_ALLOW_NOAUTH: "false",
    });
    expect(relayEnvironment({ ...RELAY, publicUrl: "wss://r" })).toHaveProperty("PUBLIC_RELAY_URL");
  });

  it("in secret, by files that the launcher takes", () => {
    const files = relayFiles(RELAY, SECRETS, "launcher");
    expect(parseSecretsEnv(files["secrets.env"]!)).toEqual({
      PARENT_AUTH_TOKEN: "in",
      "BTP_PEER_G.HOME_SECRET": "out",
      NODE_NOSTR_SECRET_KEY: KEYS.nostr,
      TOON_SETTLEMENT_PRIVATE_KEY: KEYS.settlement,
      PUBLIC_BTP_URL: "ws://there:3000",
    });
    expect(parseSettings(files["launcher.json"]!)).toMatchObject({ command: ["node", "/app/entrypoint-town.js"] });
    expect(files["launcher.cjs"]).toBe("launcher");
  });

  it("is known to be secret by the variable, and nothing else is", () => {
    const { "secrets.env": secrets } = relayFiles(RELAY, SECRETS, "");
    expect(Object.keys(parseSecretsEnv(secrets!)).filter((name) => !isRelaySecret(name))).toEqual([]);
    expect(Object.keys(relayEnvironment({ ...RELAY, publicUrl: "" })).filter(isRelaySecret)).toEqual([]);
  });
});
