import { hiddenServiceDir, PATHS, PORTS } from "./ports";

/** What a sidecar's configuration depends on. */
export interface AnonrcInput {
  /** The numbers of the identities under which the hidden service is published, one or, during a rotation, two. */
  readonly identities: readonly number[];
  /** Where the hidden service leads: the connector's address on the town's internal network. */
  readonly target: { readonly host: string; readonly port: number };
  /** The sidecar's own address on the internal network, where it listens for SOCKS. */
  readonly socksHost: string;
  /** The only address that may use SOCKS: the connector's. */
  readonly socksClient: string;
  /** The container's memory limit in MiB. */
  readonly memoryMiB: number;
  /**
   * A file with the directory authorities of a local network; absent on the public one, whose authorities are built
   * into the daemon.
   */
  readonly include?: string;
}

/**
 * The sidecar's anonrc: a hidden service that leads to the connector, SOCKS for the connector and for hidden services
 * only, a control port on loopback for the health check. Option names are those of anon 0.4.9.11 (a fork of tor 0.4.9,
 * tor(1)).
 *
 * An invalid file makes the daemon abort, often without a reason, so the tests run every kind of rendering through
 * `anon --verify-config`.
 */
export function renderAnonrc(input: AnonrcInput): string {
  return [
    "AgreeToTerms 1",
    ...(input.include === undefined ? [] : [`%include ${input.include}`]),
    `DataDirectory ${PATHS.daemonData}`,
    "",
    ...input.identities.flatMap((number) => [
      `HiddenServiceDir ${hiddenServiceDir(number)}`,
      `HiddenServicePort ${PORTS.btp} ${input.target.host}:${input.target.port}`,
      ...FLOOD_DEFENCES,
      "",
    ]),
    // OnionTrafficOnly: the connector reaches hidden services and nothing else. ExtendedErrors: a refusal says why.
    `SocksPort ${input.socksHost}:${PORTS.socks} OnionTrafficOnly ExtendedErrors`,
    `SocksPolicy accept ${input.socksClient}/32`,
    "SocksPolicy reject *",
    // Keys of peers with restricted discovery; start.sh puts them there.
    `ClientOnionAuthDir ${PATHS.clientAuth}`,
    "",
    `ControlPort 127.0.0.1:${PORTS.control}`,
    "CookieAuthentication 1",
    "",
    // Without it, the daemon sizes its queues by the host's memory, which a flood then fills beyond the limit. Half is
    // left for the rest of the daemon, which has about 30 MiB when idle.
    `MaxMemInQueues ${Math.floor(input.memoryMiB / 2)} MB`,
    "NoExec 1",
    "SafeLogging 1",
    "Log notice stdout",
    "",
  ].join("\n");
}

/**
 * A stranger may hold sockets of the connector and send frames of 100 MiB before it authenticates, and the connector
 * never times that out. So introduction points limit the rate of introductions (25 a second, bursts of 200: tor's own
 * defaults, in proposal 305), and a circuit with too many streams is closed.
 */
const FLOOD_DEFENCES = [
  "HiddenServiceEnableIntroDoSDefense 1",
  "HiddenServiceEnableIntroDoSRatePerSec 25",
  "HiddenServiceEnableIntroDoSBurstPerSec 200",
  "HiddenServiceMaxStreams 16",
  "HiddenServiceMaxStreamsCloseCircuit 1",
];
