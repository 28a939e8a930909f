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
      "town-ator:towns.home.topology: must be one of gateway",
    ],
    [
      "a misspelt setting",
      { towns: { home: { ...town, logLvel: "info" } } },
      "town-ator:towns.home.logLvel: is not a setting; did you mean logLevel? The settings here are access, discovery, identity, logLevel, memoryMiB, nodeId, peers, subnet, timeouts, topology",
    ],
    [
      "a misspelt top-level key",
      { towns: { home: town }, netwrok: "local" },
      "town-ator:netwrok: is not a setting; did you mean network? The settings here are identities, images, invites, keep, localNetwork, network, retired, secrets, suffix, tokens, towns",
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
