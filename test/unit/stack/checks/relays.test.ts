import { describe, expect, test } from "vitest";
import { expectRefused, problems } from "../configs";

const home = (relay: object, more: object = {}) => ({ towns: { home: { nodeId: "g.home", relay, ...more } } });

describe("a mistake of a town's relay is refused with one line that names its key", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["a name with a dot", home({ name: "a.b" }), "town-ator:towns.home.relay.name: must be lower-case letters"],
    [
      "a name that makes too long a nodeId",
      home({ name: "r".repeat(60) }),
      "town-ator:towns.home.relay.name: makes a nodeId of more than 63 characters",
    ],
    [
      "a negative fee",
      home({ feePerEvent: -1 }),
      "town-ator:towns.home.relay.feePerEvent: must be a whole number of units from 0",
    ],
    [
      "a port of all addresses",
      home({ publish: "0.0.0.0:7100" }),
      "town-ator:towns.home.relay.publish: must be one address of the Docker host and a port",
    ],
    [
      "a URL of another kind",
      home({ publicUrl: "https://relay.example.org" }),
      "town-ator:towns.home.relay.publicUrl: must be ws:// or wss:// and a host",
    ],
    ...[".anon:7100", ".ANON:7100", ".anon?x", ".anon#x"].map((end): [string, Record<string, unknown>, string] => [
      `a secret address in the open, ${end}`,
      home({ publicUrl: `ws://${"a".repeat(56)}${end}` }),
      "town-ator:towns.home.relay.publicUrl: holds an address, which is secret",
    ]),
    [
      "a peer with its nodeId",
      home({}, { peers: { "g.home.relay": {} } }),
      "town-ator:towns.home.peers.g.home.relay: has the nodeId of the town's own relay",
    ],
    [
      "a peer with its variable",
      home({ name: "my-relay" }, { peers: { "g.home.my_relay": {} } }),
      "town-ator:towns.home.peers.g.home.my_relay: has the nodeId of the town's own relay, or shares its variable",
    ],
    [
      "a route with its nodeId",
      home({}, { peers: { "g.bob": { routes: ["g.home.relay"] } } }),
      "town-ator:towns.home.peers.g.bob.routes.0: is the nodeId of the town's own relay",
    ],
    [
      "a direct peer at its address",
      home({}, { subnet: "10.9.1.0/27", peers: { "g.bob": { transport: "direct", url: "ws://10.9.1.4:3000" } } }),
      "town-ator:towns.home.peers.g.bob.url: is the address of the town's own relay",
    ],
    [
      "the stand-in in public",
      { network: "public", images: { relay: "build" }, ...home({}) },
      "town-ator:images.relay: must be a published image by digest when town-ator:network is public",
    ],
    [
      "keys for a town without one",
      { towns: { home: { nodeId: "g.home" } }, relayKeys: { home: { nostr: "1".repeat(64) } } },
      "town-ator:relayKeys.home: has no meaning while towns.home has no relay",
    ],
    [
      "keys for an unknown town",
      { ...home({}), relayKeys: { away: {} } },
      "town-ator:relayKeys.away: must be the name of a town of this stack",
    ],
    [
      "a key of another form",
      { ...home({}), relayKeys: { home: { settlement: "2".repeat(64) } } },
      "town-ator:relayKeys.home.settlement: must be 0x and 64 hex digits",
    ],
  ])("%s", (_what, settings, line) => {
    expectRefused(settings, line);
  });

  test.each([
    ["an empty one", home({})],
    [
      "a direct peer at its address in a town without it",
      {
        towns: {
          home: {
            nodeId: "g.home",
            subnet: "10.9.1.0/27",
            peers: { "g.bob": { transport: "direct", url: "ws://10.9.1.4:3000" } },
          },
        },
      },
    ],
  ])("%s is accepted", (_what, settings) => {
    expect(problems(settings)).toEqual([]);
  });
});
