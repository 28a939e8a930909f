import type { Problem } from "./problems";
import { asMap, type Map, type RawTown } from "./rawConfig";
import { addressPlan, overlap, parseSubnet } from "../components/core/subnets";

/**
 * The rules of given secrets, of tokens, and of the direct peers that have those. Raw input, as in {@link crossChecks}
 * of settingsChecks.ts.
 */
export function secretsChecks(raw: Map, towns: readonly RawTown[]): Problem[] {
  return [
    ...belongToPeers(raw, towns, "secrets"),
    ...belongToPeers(raw, towns, "tokens"),
    ...towns.flatMap(directPeers),
  ];
}

function belongToPeers(raw: Map, towns: readonly RawTown[], key: "secrets" | "tokens"): Problem[] {
  return Object.entries(asMap(raw[key])).flatMap(([name, values]): Problem[] => {
    const town = towns.find((candidate) => candidate.name === name)?.town;
    if (town === undefined) return [{ path: [key, name], message: "must be the name of a town of this stack" }];
    const peers = asMap(town["peers"]);
    return Object.keys(asMap(values)).flatMap((peer): Problem[] => {
      const path = [key, name, peer];
      if (!(peer in peers)) return [{ path, message: `must be a peer that towns.${name}.peers declares` }];
      if (key === "tokens" && asMap(peers[peer])["url"] === undefined)
        return [
          { path, message: "is for a direct peer, one with a url; what other peers ask for is in their invites" },
        ];
      return [];
    });
  });
}

function directPeers({ name, town }: RawTown): Problem[] {
  return Object.entries(asMap(town["peers"])).flatMap(([id, value]): Problem[] => {
    const { transport = "socks5", url } = asMap(value);
    const path = ["towns", name, "peers", id];
    if (transport === "direct" && url === undefined)
      return [
        {
          path: [...path, "transport"],
          message:
            "direct needs the peer's url, ws://<address>:<port> in the town's subnet: nothing else is reached without ATOR",
        },
      ];
    if (transport !== "direct" && url !== undefined)
      return [{ path: [...path, "url"], message: "is for a peer with transport: direct; remove one or set the other" }];
    return typeof url === "string" ? insideSubnet([...path, "url"], url, town["subnet"]) : [];
  });
}

/** The connector reaches nothing but its own network; and two of the addresses there are taken. */
function insideSubnet(path: string[], url: string, subnet: unknown): Problem[] {
  const host = /^ws:\/\/([\d.]+):/.exec(url)?.[1];
  if (host === undefined) return []; // the schema reports it
  if (typeof subnet !== "string")
    return [
      { path, message: "needs the town's subnet in the config too, so that the peer's address in it stays the same" },
    ];
  const network = parseSubnet(subnet);
  const base = host.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  if (!network) return [];
  if (!overlap(network, { base, prefix: 32 }))
    return [{ path, message: `must be an address in the town's subnet, ${subnet}: the connector reaches no other` }];
  const { gateway, first, second, last } = addressPlan(subnet);
  if ([subnet.split("/")[0], gateway, first, second, last].includes(host))
    return [{ path, message: "is an address that the town itself needs; take one between its own and the last" }];
  return [];
}
