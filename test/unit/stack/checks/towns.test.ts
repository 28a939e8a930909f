import { describe, test } from "vitest";
import { expectRefused } from "../configs";

describe("a mistake of a town is refused with one line that names its key", () => {
  const town = { nodeId: "g.home" };
  test.each<[string, Record<string, unknown>, string]>([
    ["no towns", {}, "town-ator:towns: is required: a map from the names of towns to their settings"],
    ["an empty map of towns", { towns: {} }, "town-ator:towns: must hold at least one town"],
    ["towns as a text", { towns: "home" }, "town-ator:towns: must be a map from the names of towns to their settings"],
    [
      "a town without a nodeId",
      { towns: { home: {} } },
      "town-ator:towns.home.nodeId: is required: the connector's nodeId, such as g.home",
    ],
    ["a town that is nothing", { towns: { home: null } }, "town-ator:towns.home: must be a map of settings"],
    [
      "a bad nodeId",
      { towns: { home: { nodeId: "G Home" } } },
      "town-ator:towns.home.nodeId: must be 1 to 63 lower-case letters",
    ],
    ["a bad name for a town", { towns: { Home: town } }, "town-ator:towns.Home: is no name for a town"],
    [
      "a name for a town with a dash, by which two stacks could meet in one volume",
      { towns: { "a-b": town } },
      "town-ator:towns.a-b: is no name for a town: 1 to 20 lower-case letters and digits, beginning with a letter",
    ],
    [
      "an unknown topology",
      { towns: { home: { ...town, topology: "mesh" } } },
      "town-ator:towns.home.topology: must be one of gateway, shared-namespace, embedded",
    ],
    [
      "a misspelt setting",
      { towns: { home: { ...town, logLvel: "info" } } },
      "town-ator:towns.home.logLvel: is not a setting; did you mean logLevel? The settings here are access, discovery, guard, identity, logLevel, memoryMiB, nodeId, peers, publish, relay, subnet, timeouts, topology, transport",
    ],
    [
      "a misspelt top-level key",
      { towns: { home: town }, netwrok: "local" },
      "town-ator:netwrok: is not a setting; did you mean network? The settings here are anonymous, environment, identities, images, invites, keep, localNetwork, network, relayKeys, retired, secrets, suffix, tokens, towns",
    ],
    [
      "a place to be dialled at for a town that is found through ATOR",
      { towns: { home: { ...town, publish: "127.0.0.1:3000" } } },
      "town-ator:towns.home.publish: is for a town with transport: direct",
    ],
    [
      "every address of the host as a place to be dialled at",
      { towns: { home: { ...town, transport: "direct", publish: "0.0.0.0:3000" } } },
      "town-ator:towns.home.publish: must be one address of the Docker host and a port, such as 127.0.0.1:3000",
    ],
    [
      "a topology of a town without a daemon",
      { towns: { home: { ...town, transport: "direct", topology: "embedded" } } },
      "town-ator:towns.home.topology: has no meaning with transport: direct",
    ],
    [
      "restricted discovery of a town that nobody can search for",
      { towns: { home: { ...town, transport: "direct", discovery: "restricted" } } },
      "town-ator:towns.home.discovery: has no meaning with transport: direct",
    ],
    [
      "a town without ATOR that is to reach another through it",
      {
        towns: {
          home: { ...town, transport: "direct", peers: { "g.a": { town: "a" } } },
          a: { nodeId: "g.a", peers: { "g.home": {} } },
        },
      },
      "town-ator:towns.home.peers.g.a.town: has no meaning where this town is without ATOR",
    ],
    [
      "a town that is to reach one without ATOR through it",
      {
        towns: {
          home: { ...town, peers: { "g.a": { town: "a" } } },
          a: { nodeId: "g.a", transport: "direct", peers: { "g.home": {} } },
        },
      },
      "town-ator:towns.home.peers.g.a.town: has no meaning where that town is without ATOR",
    ],
    [
      "a log level of the daemon's",
      { towns: { home: { ...town, logLevel: "notice" } } },
      "town-ator:towns.home.logLevel: must be one of debug, info, warn, error",
    ],
    [
      "too little memory",
      { towns: { home: { ...town, memoryMiB: { sidecar: 8 } } } },
      "town-ator:towns.home.memoryMiB.sidecar: must be a whole number of MiB from 64 to 65536",
    ],
    [
      "memory with a unit",
      { towns: { home: { ...town, memoryMiB: { connector: "256m" } } } },
      "town-ator:towns.home.memoryMiB.connector: must be a whole number of MiB from 64 to 65536",
    ],
    [
      "two towns of one nodeId",
      { towns: { a: town, b: town } },
      "town-ator:towns.b.nodeId: must differ from that of towns.a",
    ],
    [
      "an unknown kind of access",
      { towns: { home: { ...town, access: "open" } } },
      "town-ator:towns.home.access: must be one of permissioned, permissionless",
    ],
    ["keep as a word", { keep: "yes", towns: { home: town } }, "town-ator:keep: must be true or false"],
    [
      "an unknown kind of discovery",
      { towns: { home: { ...town, discovery: "closed" } } },
      "town-ator:towns.home.discovery: must be one of open, restricted",
    ],
  ])("%s", (_, settings, line) => expectRefused(settings, line));
});
