import type { Topology } from "../../components/core/peering";
import { relayIdOf } from "../../components/core/townRelay";
import type { PeerSettings, RelaySettings, Settings, TownSettings } from "../../stack/settings";

/** A stack as a picture in Graphviz's language: its towns, what crosses which boundary, and how peers are reached. */
export function dotOf({ stack, network, localNetwork, towns }: Settings): string {
  const own =
    "join" in localNetwork ? `relays of the stack ${localNetwork.join}` : "five relays of this stack, offline";
  const relays = `ATOR network\n${network === "public" ? "its public relays" : own}`;
  return [
    "digraph {",
    '  graph [rankdir=LR, fontname="Arial", fontsize=13, nodesep=0.25, ranksep=1.1, bgcolor="white"];',
    '  node [shape=box, style="rounded,filled", fillcolor="white", fontname="Arial", fontsize=11, margin="0.35,0.1"];',
    '  edge [fontname="Arial", fontsize=10, color="#444444"];',
    `  label=${quoted(`stack ${stack}`)}; labelloc=t;`,
    ...(towns.every(({ transport }) => transport === "direct")
      ? []
      : [`  relays [shape=ellipse, style=filled, fillcolor="#e8e0f5", label=${quoted(relays)}];`]),
    ...towns.flatMap(townOf),
    "}",
    "",
  ].join("\n");
}

/** What tells the shapes of a town apart in a picture. */
interface Shape {
  /** What the town's box says of its network. */
  readonly network: string;
  /** Which containers there are. */
  readonly sidecar: boolean;
  /** Whether there is a daemon, and what the line from it to the ATOR relays says. */
  readonly wayOut?: string;
}

const SHAPES: Readonly<Record<Topology | "direct", Shape>> = {
  gateway: { network: "internal network, no route out", sidecar: true, wayOut: "only way out" },
  "shared-namespace": { network: "one network namespace for both", sidecar: true, wayOut: "way out of both" },
  embedded: { network: "the connector runs the daemon", sidecar: false, wayOut: "way out" },
  direct: { network: "without ATOR", sidecar: false },
};

function townOf(town: TownSettings): string[] {
  const { name, nodeId, topology, transport, publish, access, discovery, relay, peers } = town;
  const { network, sidecar, wayOut } = SHAPES[transport === "direct" ? "direct" : topology];
  const node = (container: string) => quoted(`${name}-${container}`);
  const own = ["guard :3000, connector", ...(access === "permissionless" ? ["lets strangers in"] : [])];
  const hidden = ["daemon: hidden service, SOCKS", ...(discovery === "restricted" ? ["only peers can find it"] : [])];
  const [tokens, key] = ["secret: peers' tokens, ledger", "secret: key of the address"];
  const managed = wayOut !== undefined && !sidecar;
  const does = [...own, ...(managed ? hidden : []), ...(publish === undefined ? [] : [`dialled at ${publish}`])];
  const lines = rows("TownConnector", does, [tokens, ...(managed ? [key] : [])], peers.map(peerLine));
  return [
    `  subgraph ${quoted(`cluster-${name}`)} {`,
    `    label=${quoted(`town ${name}, ${nodeId}: ${network}`)}; style="rounded,filled"; color="#88aa88"; fillcolor="#eef5ee";`,
    `    ${node("connector")} [label=<${lines}>];`,
    ...(sidecar
      ? [
          `    ${node("sidecar")} [label=<${rows("AtorSidecar", hidden, [key], [])}>];`,
          `    ${node("connector")} -> ${node("sidecar")} [label="SOCKS", dir=both];`,
        ]
      : []),
    ...(relay === undefined ? [] : relayOf(town, relay)),
    "  }",
    ...(wayOut === undefined
      ? []
      : [`  ${node(sidecar ? "sidecar" : "connector")} -> relays [dir=both, label=${quoted(wayOut)}];`]),
  ];
}

function relayOf({ name, nodeId }: TownSettings, { name: label, publish }: RelaySettings): string[] {
  const does = [relayIdOf(nodeId, label), publish === undefined ? "read from this network only" : `read at ${publish}`];
  const node = quoted(`${name}-relay`);
  return [
    `    ${node} [label=<${rows("TownRelay", does, ["secret: its keys"], [])}>];`,
    `    ${quoted(`${name}-connector`)} -> ${node} [label="child", dir=both];`,
  ];
}

/** What a node says: its name, what it does, what it holds that is secret, and its peers. */
function rows(title: string, does: readonly string[], secrets: readonly string[], peers: readonly string[]): string {
  const lines = [
    `<b>${escaped(title)}</b>`,
    ...does.map(escaped),
    ...secrets.map((text) => `<font color="#b03030">${escaped(text)}</font>`),
    ...peers.map((text) => `<font color="#204080">${escaped(text)}</font>`),
  ];
  return lines.map((line) => `${line}<br align="left"/>`).join("");
}

/** A peer and how it is reached. */
function peerLine({ id, source }: PeerSettings): string {
  switch (source.kind) {
    case "town":
      return `peer ${id}: town ${source.town}, over ATOR`;
    case "stack":
      return `peer ${id}: town ${source.town} of ${source.stack}, over ATOR`;
    case "invite":
      return `peer ${id}: by invite, over ATOR`;
    case "expected":
      return `peer ${id}: dials in`;
    default:
      return `peer ${id}: ${source.kind}, without ATOR`;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
