import { describe, expect, it, test } from "vitest";
import { idOf, matches, parseEvent } from "../../../../images/relay/src/events";
import { connectorConfig, feeOf } from "../../../../images/relay/src/settings";
import { relayEnvironment, relayFiles, relayKeysFromRandom } from "../../../../components/core/townRelay";
import { parseSecretsEnv } from "../../../../runtime/launcher/settings";

const RELAY = { nodeId: "g.home.relay", connector: { nodeId: "g.home", address: "10.1.2.3" }, feePerEvent: 5 };
const secrets = { token: "in", connectorToken: "out", keys: relayKeysFromRandom("r".repeat(43)) };
const ENV = {
  ...relayEnvironment(RELAY),
  ...parseSecretsEnv(relayFiles(RELAY, secrets, "")["secrets.env"]!),
};

const unsigned = { pubkey: "a".repeat(64), created_at: 1, kind: 1, tags: [["t", "x"]], content: "hello" };
const EVENT = { id: idOf(unsigned), ...unsigned, sig: "0".repeat(128) };

describe("the stand-in for a Town relay", () => {
  it("takes the environment that the component gives, as the child of one parent", () => {
    expect(feeOf(ENV)).toBe(5n);
    expect(connectorConfig(ENV, "http://here")).toMatchObject({
      nodeId: "g.home.relay",
      btpServerPort: 3000,
      peers: [{ id: "g.home", url: "ws://10.1.2.3:3000", authToken: "in", relation: "parent" }],
      routes: [
        { prefix: "g.home.relay", nextHop: "g.home.relay" },
        { prefix: "g", nextHop: "g.home" },
      ],
      localDelivery: { handlerUrl: "http://here" },
    });
  });

  test.each([
    [{ NODE_NOSTR_SECRET_KEY: "1" }, "NODE_NOSTR_SECRET_KEY must be a 32-byte key in hex"],
    [{ TOON_SETTLEMENT_PRIVATE_KEY: "1".repeat(64) }, "TOON_SETTLEMENT_PRIVATE_KEY must be a 32-byte key in hex"],
    [{ ILP_ADDRESS: undefined }, "ILP_ADDRESS is required"],
    [{ PARENT_PEER_ID: "" }, "PARENT_PEER_ID is required"],
    [{ TOON_CHAIN: "base-mainnet" }, "TOON_CHAIN must be none"],
  ])("refuses %j", (change, message) => {
    expect(() => connectorConfig({ ...ENV, ...change }, "http://here")).toThrow(message);
  });

  it("refuses a fee that is no number", () => {
    expect(() => feeOf({ FEE_PER_EVENT: "-1" })).toThrow("FEE_PER_EVENT must be a non-negative integer");
  });

  it("knows an event by its hash", () => {
    expect(parseEvent(JSON.stringify(EVENT))).toEqual(EVENT);
    const others = ["", "{", "{}", JSON.stringify({ ...EVENT, content: "forged" }), JSON.stringify({ ...EVENT, x: 1 })];
    expect(others.map(parseEvent)).toEqual(others.map(() => undefined));
  });

  test.each([
    [{}, true],
    [{ kinds: [1], authors: [EVENT.pubkey], ids: [EVENT.id] }, true],
    [{ kinds: [0] }, false],
    [{ authors: [] }, false],
    [null, true],
  ])("finds an event by the filter %j: %s", (filter, found) => {
    expect(matches(EVENT, filter)).toBe(found);
  });
});
