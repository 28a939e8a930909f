import type { Topology } from "../components/core/peering";
import { lineFor } from "./problems";
import type { Settings } from "./settings";

/** What a topology lacks that the default one has. */
const LACKS: Readonly<Record<Topology, string | undefined>> = {
  gateway: undefined,
  embedded:
    "runs the daemon of the connector's image in the connector's container: it needs an x86-64 host and an image with " +
    "@anyone-protocol/anyone-client, the connector can read the key of the address, and one that ignores its proxy leaves ATOR. " +
    "gateway has none of these faults: docs/explanation/topologies.md",
  "shared-namespace":
    "gives the connector the sidecar's own way out, so a connector that ignores its proxy leaves ATOR; and a restart of " +
    "the Docker daemon may leave the connector down until the next `make up`. gateway has neither fault: docs/explanation/topologies.md",
};

const DIRECT =
  "direct hides neither this town nor its peers, and nothing is encrypted: use it on a network that only the peers are on";

/** A line for each setting that is right and has a price that the operator should know. */
export function shortcomings(settings: Settings): string[] {
  return settings.towns.flatMap(({ name, topology, transport }) => {
    if (transport === "direct") return [lineFor({ path: ["towns", name, "transport"], message: DIRECT })];
    const message = LACKS[topology];
    return message === undefined
      ? []
      : [lineFor({ path: ["towns", name, "topology"], message: `${topology} ${message}` })];
  });
}
