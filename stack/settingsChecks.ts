import { DEFAULT_SUFFIX, SUFFIXES } from "../components/core/identity";
import { identityChecks } from "./identityChecks";
import { InviteError, parseInvite } from "../components/core/invite";
import { btpPeerVariable } from "../components/core/names";
import type { Problem } from "./problems";
import { asMap, repeated, type Map, type RawTown } from "./rawConfig";
import { secretsChecks } from "./secretsChecks";
import {
  defaultLocalSubnet,
  defaultSubnets,
  overlap,
  parseSubnet,
  sidecarsIn,
  type Subnet,
} from "../components/core/subnets";

/**
 * What no single value shows: the rules between the parts of a configuration. It works on the raw input and looks only
 * at parts of the right shape, so that an operator sees these problems together with the schema's and not after mending
 * those.
 */
export function crossChecks(raw: Map, stack: string): Problem[] {
  const towns = Object.entries(asMap(raw["towns"])).map(([name, town]) => ({ name, town: asMap(town) }));
  return [
    ...imagesAndNetwork(raw),
    ...daemonSuffix(raw),
    ...joinedNetwork(raw, stack),
    ...equalNodeIds(towns),
    ...towns.flatMap(redialOrder),
    ...overlappingSubnets(raw, towns, stack),
    ...roomForSidecars(raw, towns),
    ...towns.flatMap(({ name, town }) => [
      ...peersOf(name, town),
      ...townsAsPeers(name, town, towns),
      ...routesOf(name, town),
    ]),
    ...severalSources(raw, towns),
    ...invitesOf(raw),
    ...identityChecks(raw, towns),
    ...secretsChecks(raw, towns),
  ];
}

function imagesAndNetwork(raw: Map): Problem[] {
  const problems: Problem[] = [];
  if (raw["network"] === "public" && asMap(raw["images"])["connector"] === "build") {
    problems.push({
      path: ["images", "connector"],
      message:
        'must be a published image by digest when town-ator:network is public: "build" is the development connector, a stand-in for tests',
    });
  }
  if (raw["network"] === "public" && Object.keys(asMap(raw["localNetwork"])).length > 0) {
    problems.push({ path: ["localNetwork"], message: "has no meaning when town-ator:network is public; remove it" });
  }
  return problems;
}

function daemonSuffix(raw: Map): Problem[] {
  const anon = asMap(raw["images"])["anon"] ?? "build";
  if (anon !== "build" || raw["suffix"] === DEFAULT_SUFFIX || !SUFFIXES.some((suffix) => suffix === raw["suffix"]))
    return [];
  return [
    {
      path: ["suffix"],
      message: `must be ${DEFAULT_SUFFIX} where town-ator:images.anon is "build": the daemon that is built here, anon 0.4.9.11, appends that`,
    },
  ];
}

function joinedNetwork(raw: Map, stack: string): Problem[] {
  const { join, subnet } = asMap(raw["localNetwork"]);
  if (join === undefined) return [];
  const path = ["localNetwork", "join"];
  return [
    ...(join === stack
      ? [{ path, message: "is this stack itself; leave it out and the stack has a network of its own" }]
      : []),
    ...(subnet === undefined
      ? []
      : [{ path, message: "leaves no place for localNetwork.subnet: the other stack decides on it; remove one" }]),
  ];
}

function equalNodeIds(towns: readonly RawTown[]): Problem[] {
  return repeated(towns, ({ town }) => town["nodeId"]).map(([first, again]) => ({
    path: ["towns", again.name, "nodeId"],
    message: `must differ from that of towns.${first.name}: peers tell connectors apart by it`,
  }));
}

function redialOrder({ name, town }: RawTown): Problem[] {
  const { redialFirstMs = 5000, redialMaxMs = 30_000, redialSlowMs = 300_000 } = asMap(town["timeouts"]);
  const path = ["towns", name, "timeouts"];
  return [
    ...(Number(redialFirstMs) > Number(redialMaxMs)
      ? [{ path: [...path, "redialFirstMs"], message: "must not be more than redialMaxMs" }]
      : []),
    ...(Number(redialMaxMs) > Number(redialSlowMs)
      ? [{ path: [...path, "redialMaxMs"], message: "must not be more than redialSlowMs" }]
      : []),
  ];
}

function overlappingSubnets(raw: Map, towns: readonly RawTown[], stack: string): Problem[] {
  const local = {
    path: ["localNetwork", "subnet"],
    value: asMap(raw["localNetwork"])["subnet"] ?? defaultLocalSubnet(stack),
  };
  const defaults = defaultSubnets(
    stack,
    towns.map(({ name }) => name),
  );
  const ofTowns = towns.map(({ name, town }) => ({
    path: ["towns", name, "subnet"],
    value: town["subnet"] ?? defaults.get(name),
  }));
  const none = raw["network"] === "public" || asMap(raw["localNetwork"])["join"] !== undefined;
  const all = [...(none ? [] : [local]), ...ofTowns].flatMap(
    ({ path, value }): { path: string[]; subnet: Subnet }[] => {
      const subnet = typeof value === "string" ? parseSubnet(value) : undefined;
      return subnet ? [{ path, subnet }] : [];
    },
  );
  return all.flatMap(({ path, subnet }, index) =>
    all
      .slice(0, index)
      .filter((earlier) => overlap(earlier.subnet, subnet))
      .map((earlier) => ({
        path,
        message: `must not overlap the network of ${earlier.path.join(".")}; set one of the two to a free IPv4 network`,
      })),
  );
}

function roomForSidecars(raw: Map, towns: readonly RawTown[]): Problem[] {
  const text = asMap(raw["localNetwork"])["subnet"] ?? "10.0.0.0/24";
  const subnet = typeof text === "string" ? parseSubnet(text) : undefined;
  if (!subnet || raw["network"] === "public" || sidecarsIn(subnet) >= towns.length) return [];
  return [
    {
      path: ["localNetwork", "subnet"],
      message: `has room for the sidecars of ${sidecarsIn(subnet)} towns, and this stack has ${towns.length}; set it to a larger network, such as a /20`,
    },
  ];
}

function peersOf(name: string, town: Map): Problem[] {
  const ids = Object.keys(asMap(town["peers"]));
  const own = ids
    .filter((id) => id === town["nodeId"])
    .map((id) => ({
      path: ["towns", name, "peers", id],
      message: "is the town's own nodeId; a town is no peer of itself",
    }));
  const meeting = repeated(ids, btpPeerVariable).map(([first, again]) => ({
    path: ["towns", name, "peers", again],
    message: `shares the connector's variable ${btpPeerVariable(again)} with the peer ${first}, so one secret would let in both; one of them needs another nodeId`,
  }));
  return [...own, ...meeting];
}

function townsAsPeers(name: string, town: Map, towns: readonly RawTown[]): Problem[] {
  return Object.entries(asMap(town["peers"])).flatMap(([id, peer]): Problem[] => {
    const named = asMap(peer)["town"];
    if (typeof named !== "string") return [];
    const path = ["towns", name, "peers", id, "town"];
    const other = towns.find((candidate) => candidate.name === named)?.town;
    if (other === undefined || named === name)
      return [{ path, message: "must be the name of another town of this stack" }];
    if (other["nodeId"] !== id)
      return [{ path, message: `must be the town whose nodeId is this peer's; towns.${named} has another` }];
    if (typeof town["nodeId"] === "string" && !(town["nodeId"] in asMap(other["peers"]))) {
      return [
        {
          path,
          message: `needs this town's nodeId, ${JSON.stringify(town["nodeId"])}, among towns.${named}.peers: a peer is let in by who knows it`,
        },
      ];
    }
    return [];
  });
}

function severalSources(raw: Map, towns: readonly RawTown[]): Problem[] {
  return towns.flatMap(({ name, town }) =>
    Object.entries(asMap(town["peers"])).flatMap(([id, value]) => {
      const peer = asMap(value);
      const sources = [
        ...(peer["town"] === undefined ? [] : ["town"]),
        ...(peer["stack"] === undefined ? [] : ["stack"]),
        ...(peer["url"] === undefined ? [] : ["url"]),
        ...(id in asMap(asMap(raw["invites"])[name]) ? [`the invite at invites.${name}.${id}`] : []),
      ];
      if (sources.length < 2) return [];
      return [
        {
          path: ["towns", name, "peers", id],
          message: `is reached in more than one way: ${sources.join(", ")}; keep one`,
        },
      ];
    }),
  );
}

function routesOf(name: string, town: Map): Problem[] {
  const all = Object.entries(asMap(town["peers"])).flatMap(([id, value]) => {
    const peer = asMap(value);
    const routes = Array.isArray(peer["routes"]) ? (peer["routes"] as unknown[]) : [];
    return routes.map((prefix, index) => ({
      prefix,
      priority: peer["priority"] ?? 0,
      path: ["towns", name, "peers", id, "routes", index],
    }));
  });
  const own = all
    .filter(({ prefix }) => prefix === town["nodeId"])
    .map(({ path }) => ({ path, message: "is the town's own nodeId, which leads to itself" }));
  const equal = repeated(
    all,
    ({ prefix, priority }) => typeof prefix === "string" && JSON.stringify([prefix, priority]),
  ).map(([first, again]) => ({
    path: again.path,
    message: `has the prefix and the priority of ${first.path.join(".")}; give one of the two peers another priority`,
  }));
  return [...own, ...equal];
}

function invitesOf(raw: Map): Problem[] {
  const towns = asMap(raw["towns"]);
  return Object.entries(asMap(raw["invites"])).flatMap(([name, invites]) => {
    if (!(name in towns)) return [{ path: ["invites", name], message: "must be the name of a town of this stack" }];
    const town = asMap(towns[name]);
    return Object.entries(asMap(invites)).flatMap(([peer, text]) => {
      const path = ["invites", name, peer];
      if (!(peer in asMap(town["peers"])))
        return [{ path, message: `must be a peer that towns.${name}.peers declares` }];
      return inviteFor(text, peer, town["nodeId"], raw["suffix"] ?? DEFAULT_SUFFIX).map((message) => ({
        path,
        message,
      }));
    });
  });
}

function inviteFor(text: unknown, peer: string, ownNodeId: unknown, suffix: unknown): string[] {
  if (typeof text !== "string") return [];
  try {
    const invite = parseInvite(text);
    if (invite.nodeId === ownNodeId)
      return ["is this town's own invite; it is meant for the peer, and the peer's for this town"];
    if (invite.nodeId !== peer) return ["comes from another town than this peer: the nodeId in it differs"];
    if (invite.peerId !== ownNodeId)
      return ["is meant for another town: the nodeId that it invites is not this town's"];
    if (!new URL(invite.url).hostname.endsWith(`.${String(suffix)}`))
      return [
        `holds an address that does not end in .${String(suffix)}: the peer's daemon is of another version than this stack's, and the two do not find each other`,
      ];
    return [];
  } catch (error) {
    if (error instanceof InviteError) return []; // the schema reports it
    throw error;
  }
}
