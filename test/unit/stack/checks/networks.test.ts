import { describe, expect, test } from "vitest";
import { expectRefused, problems } from "../configs";

describe("a mistake of images, networks and timeouts is refused with one line that names its key", () => {
  const town = { nodeId: "g.home" };
  test.each<[string, Record<string, unknown>, string]>([
    [
      "an unknown network",
      { network: "onion", towns: { home: town } },
      "town-ator:network: must be one of local, public",
    ],
    [
      "a subnet with host bits",
      { towns: { home: { ...town, subnet: "10.1.2.3/27" } } },
      "town-ator:towns.home.subnet: must be an IPv4 network of /16 to /28",
    ],
    [
      "a subnet that is a number",
      { localNetwork: { subnet: 10 }, towns: { home: town } },
      "town-ator:localNetwork.subnet: must be a text such as 10.77.0.0/27",
    ],
    [
      "an image by tag",
      { images: { connector: "example/connector:latest" }, towns: { home: town } },
      'town-ator:images.connector: must be "build" or a reference by digest',
    ],
    [
      "the development connector in public",
      { network: "public", images: { connector: "build" }, towns: { home: town } },
      "town-ator:images.connector: must be a published image by digest when town-ator:network is public",
    ],
    [
      "a local network in public",
      { network: "public", localNetwork: { subnet: "10.1.0.0/24" }, towns: { home: town } },
      "town-ator:localNetwork: has no meaning when town-ator:network is public",
    ],
    [
      "subnets that overlap",
      { towns: { a: { nodeId: "a", subnet: "10.1.0.0/16" }, b: { nodeId: "b", subnet: "10.1.2.0/24" } } },
      "town-ator:towns.b.subnet: must not overlap the network of towns.a.subnet",
    ],
    [
      "a town in the relays' subnet",
      { localNetwork: { subnet: "10.1.0.0/24" }, towns: { a: { nodeId: "a", subnet: "10.1.0.0/27" } } },
      "town-ator:towns.a.subnet: must not overlap the network of localNetwork.subnet",
    ],
    [
      "a stack that joins its own network",
      { localNetwork: { join: "dev" }, towns: { home: town } },
      "town-ator:localNetwork.join: names this stack itself",
    ],
    [
      "a joined stack by its full name",
      { localNetwork: { join: "organization/town-ator/alice" }, towns: { home: town } },
      "town-ator:localNetwork.join: must be the short name of a stack on the same Docker host, as in Pulumi.<name>.yaml",
    ],
    [
      "a joined stack with a space",
      { localNetwork: { join: "alice " }, towns: { home: town } },
      "town-ator:localNetwork.join: must be the short name of a stack",
    ],
    [
      "a subnet for a network that is another stack's",
      { localNetwork: { join: "other", subnet: "10.1.0.0/24" }, towns: { home: town } },
      "town-ator:localNetwork.join: excludes localNetwork.subnet",
    ],
    [
      "a suffix that the daemon built here does not append",
      { suffix: "anyone", towns: { home: town } },
      'town-ator:suffix: must be anon when town-ator:images.anon is "build"',
    ],
    [
      "a suffix that the daemon in the development connector does not append",
      {
        suffix: "anyone",
        images: { anon: `anon@sha256:${"0".repeat(64)}`, connector: "build" },
        towns: { home: { ...town, topology: "embedded" } },
      },
      "town-ator:suffix: must be anon while the development connector is used (town-ator:images.connector) and towns.home.topology is embedded",
    ],
    [
      "the same where the development connector is the default",
      {
        suffix: "anyone",
        images: { anon: `anon@sha256:${"0".repeat(64)}` },
        towns: { home: { ...town, topology: "embedded" } },
      },
      "town-ator:suffix: must be anon while the development connector is used",
    ],
    [
      "two containers at one port of the host",
      {
        towns: {
          home: { ...town, relay: { publish: "127.0.0.1:7100" } },
          away: { nodeId: "g.away", transport: "direct", publish: "127.0.0.1:7100" },
        },
      },
      "publish: must differ from towns.",
    ],
    [
      "a suffix of no daemon",
      { suffix: "tor", towns: { home: town } },
      "town-ator:suffix: must be one of anon, anyone, onion",
    ],
    [
      "more towns than the relays' network has addresses for",
      {
        localNetwork: { subnet: "10.1.0.0/28" },
        towns: Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`t${index}`, { nodeId: `g.t${index}` }])),
      },
      "town-ator:localNetwork.subnet: has room for the sidecars of 6 towns, and this stack has 7 behind ATOR",
    ],
    [
      "messages larger than memory",
      { towns: { home: { ...town, guard: { maxMessageBytes: 1e9 } } } },
      "town-ator:towns.home.guard.maxMessageBytes: must be a whole number of bytes from 65536 to 16777216",
    ],
    [
      "a door with too few places",
      { towns: { home: { ...town, guard: { maxUnauthenticated: 1 } } } },
      "town-ator:towns.home.guard.maxUnauthenticated: must be a whole number of clients from 8 to 1024",
    ],
    [
      "a timeout in seconds",
      { towns: { home: { ...town, timeouts: { redialFirstMs: 5 } } } },
      "town-ator:towns.home.timeouts.redialFirstMs: must be a whole number of milliseconds from 1000 to 60000",
    ],
    [
      "a first redial after the longest wait",
      { towns: { home: { ...town, timeouts: { redialFirstMs: 40_000 } } } },
      "town-ator:towns.home.timeouts.redialFirstMs: must not be more than redialMaxMs",
    ],
    [
      "a longest wait of hours before the slow one",
      { towns: { home: { ...town, timeouts: { redialSlowMs: 30_000, redialMaxMs: 31_000 } } } },
      "town-ator:towns.home.timeouts.redialMaxMs: must not be more than redialSlowMs",
    ],
  ])("%s", (_, settings, line) => expectRefused(settings, line));
});

const towns = (count: number, transport: string, more: object = {}) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${transport}${index}`,
      { nodeId: `g.${transport}${index}`, transport, ...more },
    ]),
  );

test("towns without ATOR need no room for sidecars", () => {
  const localNetwork = { subnet: "10.1.0.0/28" };
  expect(problems({ localNetwork, towns: { ...towns(6, "socks5"), ...towns(3, "direct") } })).toEqual([]);
});

test("a stack of towns without ATOR has no relays' subnet that theirs could overlap", () => {
  const direct = towns(1, "direct", { subnet: "10.1.0.0/24" });
  const localNetwork = { subnet: "10.1.0.0/16" };
  expect(problems({ localNetwork, towns: direct })).toEqual([]);
  expect(problems({ localNetwork, towns: { ...direct, ...towns(1, "socks5") } })).toHaveLength(1);
});

test("each pair of subnets that overlap is named, whichever is the larger, and the later of the two is at fault", () => {
  const subnets = { a: "10.1.9.0/24", b: "10.1.2.0/24", c: "10.1.0.0/16", d: "10.2.0.0/24", e: "10.1.2.0/28" };
  const overlapping = Object.entries(subnets).map(([name, subnet]) => [name, { nodeId: name, subnet }]);
  const pairs = problems({ towns: Object.fromEntries(overlapping) as object }).map((line) =>
    [.../towns\.(\w)\.subnet/g[Symbol.matchAll](line)].map(([, name]) => name).join(" "),
  );
  expect(pairs).toEqual(["c a", "c b", "e b", "e c"]);
});
