import type { LauncherSettings } from "./launcherSettings";
import { btpPeerVariable } from "./names";
import type { DialledPeer, InboundSecret, Timeouts } from "./peering";
import { PATHS, PORTS } from "./ports";
import { type ConnectorInput, dialled, inOrder, renderConnectorYaml } from "./renderConnectorYaml";

/**
 * The last published connector known to speak the ATOR transport: 3.10.4. Its tags are mislabelled and `:latest` is
 * another program, so it is named by digest.
 */
export const PUBLISHED_CONNECTOR =
  "ghcr.io/toon-protocol/connector@sha256:48d2160e4479aae068ebd8b735a0a063995f1f2f17308c847f3a9b6cc57b1de4";

/** Milliseconds that the connector gets to stop before the launcher kills it; the container gets a little more. */
export const STOP_GRACE_MS = 10_000;

/** Where the published image keeps its program, below its WORKDIR /app. */
export const CONNECTOR_COMMAND = ["node", "packages/connector/dist/main.js"];

/**
 * The files of the connector's container by name, all secret as a whole. The launcher puts `secrets.env` into the
 * connector's environment, so that it stands in no container's configuration. `launcher` is the launcher's program.
 */
export function connectorFiles(
  input: ConnectorInput,
  inbound: readonly InboundSecret[],
  launcher: string,
): Record<string, string> {
  const secrets: [string, string][] = inbound.map(({ peerId, secret }) => [btpPeerVariable(peerId), secret]);
  return {
    "connector.yaml": renderConnectorYaml(input),
    // Never empty: the provider takes an empty file for a missing one.
    "secrets.env": [...secrets.map(([name, value]) => `${name}=${value}`).sort(), ""].join("\n") || "\n",
    "launcher.json": `${JSON.stringify(launcherSettings(input), null, 2)}\n`,
    "launcher.cjs": launcher,
  };
}

function launcherSettings(input: ConnectorInput): LauncherSettings {
  return {
    command: CONNECTOR_COMMAND,
    secretsFile: `${PATHS.files}/secrets.env`,
    stopGraceMs: STOP_GRACE_MS,
    redact: [input.adminKey, ...input.peers.map((peer) => peer.token)].sort(),
    admin: { port: PORTS.admin, healthPort: PORTS.health, apiKey: input.adminKey },
    packetExpiryMs: input.timeouts.packetExpiryMs,
    // The connector gives a peer up after 31 s, for good; the launcher dials it again.
    ...(input.peers.length > 0 && { redial: redialOf(input.peers, input.timeouts) }),
  };
}

/** The peers that are dialled again: as the YAML has them, and with the second address that has no place there. */
function redialOf(
  peers: readonly DialledPeer[],
  timeouts: ConnectorInput["timeouts"],
): NonNullable<LauncherSettings["redial"]> {
  const { redialFirstMs: firstMs, redialMaxMs: fastMs, redialSlowMs: slowMs } = timeouts;
  const second = inOrder(peers).map(({ nextUrl }) => (nextUrl === undefined ? {} : { nextUrl }));
  return {
    peers: dialled(peers).map((peer, index) => ({ ...peer, ...second[index] })),
    timings: { firstMs, fastMs, slowMs },
  };
}

/** What the connector takes in its environment. */
export interface ConnectorEnvironment {
  readonly logLevel: string;
  /** `permissionless` lets in a peer that presents no token. */
  readonly access: "permissioned" | "permissionless";
  readonly timeouts: Pick<Timeouts, "btpSendMs">;
}

/** The connector's environment, all of it plain: what is secret comes by the launcher. */
export function connectorEnvironment({ logLevel, access, timeouts }: ConnectorEnvironment): Record<string, string> {
  return {
    CONFIG_FILE: `${PATHS.files}/connector.yaml`,
    LOG_LEVEL: logLevel,
    // Exactly the text "false": otherwise the connector accepts an empty token, even for a peer with a secret.
    BTP_ALLOW_NOAUTH: access === "permissionless" ? "true" : "false",
    // For frames that carry no expiry (its btp-client.ts); an ILP packet always carries one.
    BTP_SEND_TIMEOUT_MS: String(timeouts.btpSendMs),
  };
}
