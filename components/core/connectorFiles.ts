import type { GuardLimits } from "./guardSettings";
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

/**
 * Times the time in which an address should be published: after that the daemon starts again. More than one, so that an
 * `up` that waits for it does not see it start again.
 */
export const PUBLISH_GRACE = 2;

/** Where the published image keeps its program, below its WORKDIR /app. */
export const CONNECTOR_COMMAND = ["node", "packages/connector/dist/main.js"];

/** What the files of the connector's container depend on: what its YAML does, and what the launcher does by itself. */
export interface ConnectorFilesInput extends ConnectorInput {
  readonly access: Access;
  readonly guard: GuardLimits;
  /** Whether the connector is in another container's network namespace. */
  readonly inNamespace?: boolean;
  /** The daemon that the connector runs: the command that makes ready for it, and its time to be published. */
  readonly daemon?: { readonly prepare: readonly string[]; readonly publishBudgetSeconds: number };
  readonly timeouts: Pick<Timeouts, "redialFirstMs" | "redialMaxMs" | "redialSlowMs" | "packetExpiryMs">;
}

/** Whether a peer that presents no token is let in (`permissionless`) or not. */
export type Access = "permissioned" | "permissionless";

/**
 * The files of the connector's container by name, all secret as a whole. The launcher puts `secrets.env` into the
 * connector's environment, so that it stands in no container's configuration. `launcher` is the launcher's program.
 */
export function connectorFiles(
  input: ConnectorFilesInput,
  inbound: readonly InboundSecret[],
  launcher: string,
): Record<string, string> {
  return {
    "connector.yaml": renderConnectorYaml(input),
    "secrets.env": secretsEnv(
      Object.fromEntries(inbound.map(({ peerId, secret }) => [btpPeerVariable(peerId), secret])),
    ),
    "launcher.json": `${JSON.stringify(launcherSettings(input, inbound), null, 2)}\n`,
    "launcher.cjs": launcher,
  };
}

/** The secrets file that the launcher reads. Never empty: the provider takes an empty file for a missing one. */
export function secretsEnv(secrets: Readonly<Record<string, string>>): string {
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}`);
  return [...lines.sort(), ""].join("\n") || "\n";
}

function launcherSettings(input: ConnectorFilesInput, inbound: readonly InboundSecret[]): LauncherSettings {
  return {
    command: CONNECTOR_COMMAND,
    secretsFile: `${PATHS.files}/secrets.env`,
    stopGraceMs: STOP_GRACE_MS,
    admin: { port: PORTS.admin, healthPort: PORTS.health, apiKey: input.adminKey },
    packetExpiryMs: input.timeouts.packetExpiryMs,
    guard: {
      listenPort: PORTS.btp,
      connectorPort: PORTS.connectorBtp,
      allowAnonymous: input.access === "permissionless",
      peers: inbound.map(({ peerId }) => peerId).sort(),
      ...input.guard,
    },
    ...(input.daemon && {
      daemon: {
        prepare: input.daemon.prepare,
        graceMs: PUBLISH_GRACE * input.daemon.publishBudgetSeconds * 1000,
      },
    }),
    ...(input.inNamespace && { namespaceSign: `${PATHS.sign}/started` }),
    // The connector gives a peer up after 31 s, for good; the launcher dials it again.
    ...(input.peers.length > 0 && { redial: redialOf(input.peers, input.timeouts) }),
  };
}

/** The peers that are dialled again: as the YAML has them, and with the second address that has no place there. */
function redialOf(
  peers: readonly DialledPeer[],
  timeouts: ConnectorFilesInput["timeouts"],
): NonNullable<LauncherSettings["redial"]> {
  const { redialFirstMs: firstMs, redialMaxMs: fastMs, redialSlowMs: slowMs } = timeouts;
  const second = inOrder(peers).map(({ nextUrl }) => (nextUrl === undefined ? {} : { nextUrl }));
  return {
    peers: dialled(peers).map((peer, index) => ({ ...peer, ...second[index] })),
    timings: { firstMs, fastMs, slowMs },
  };
}

/**
 * What a connector is run for. In `production` it refuses an `externalUrl` on loopback, and an admin API without a key.
 */
export const ENVIRONMENTS = ["development", "staging", "production"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** What the connector takes in its environment. */
export interface ConnectorEnvironment {
  readonly environment: EnvironmentName;
  readonly logLevel: string;
  readonly access: Access;
  readonly timeouts: Pick<Timeouts, "btpSendMs">;
}

/** The connector's environment, all of it plain: what is secret comes by the launcher. */
export function connectorEnvironment(given: ConnectorEnvironment): Record<string, string> {
  const { environment, logLevel, access, timeouts } = given;
  return {
    CONFIG_FILE: `${PATHS.files}/connector.yaml`,
    ENVIRONMENT: environment,
    LOG_LEVEL: logLevel,
    // Exactly the text "false": otherwise the connector accepts an empty token, even for a peer with a secret.
    BTP_ALLOW_NOAUTH: access === "permissionless" ? "true" : "false",
    // For frames that carry no expiry (its btp-client.ts); an ILP packet always carries one.
    BTP_SEND_TIMEOUT_MS: String(timeouts.btpSendMs),
  };
}
