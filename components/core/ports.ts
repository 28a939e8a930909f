/** Ports inside a town's containers. None is published on the host unless the operator says where. */
export const PORTS = {
  /** Where the launcher guards the door: the port that the hidden service leads to, and shows to the world. */
  btp: 3000,
  /** The connector's BTP server, behind the guard. */
  connectorBtp: 3001,
  /** The connector's `/health`. */
  health: 8080,
  /** The connector's admin API, on loopback inside its container. */
  admin: 8081,
  /** The BTP server of the connector that a Town relay runs itself, on the town's internal network. */
  relayBtp: 3000,
  /** A Town relay's `/health`. */
  relayHealth: 3100,
  /** A Town relay's WebSocket, where clients read events. */
  relay: 7100,
  /** The sidecar's SOCKS proxy, on the town's internal network. */
  socks: 9050,
  /** The daemon's control port, on loopback inside its container. */
  control: 9051,
} as const;

/** Paths inside a town's containers. */
export const PATHS = {
  /** The files that we render for a container, read-only for it. */
  files: "/etc/town-ator",
  /**
   * The volume that holds the identities. The daemon wants to own a HiddenServiceDir, so each is a folder in it: {@link
   * hiddenServiceDir}.
   */
  keys: "/keys",
  /** Keys with which the daemon finds peers of restricted discovery: in memory, so that none outlives its peer. */
  clientAuth: "/tmp/client-auth",
  /**
   * The daemon's DataDirectory: its guards, which must outlive the container, for an observer learns from every new
   * choice of guards.
   */
  daemonData: "/var/lib/anon",
  /** The connector's claims and ledger (the published image's WORKDIR is /app). Losing them loses money. */
  connectorData: "/app/data",
  /** A Town relay's events. */
  relayData: "/data",
  /**
   * Where a sidecar that shares its network namespace leaves a sign of each start, and the connector sees it. The anon
   * image has a closed folder there.
   */
  sign: "/data",
  /** Where a sidecar finds what it must know of a local ATOR network. */
  localNetwork: "/network",
} as const;

/** The HiddenServiceDir of one of a town's identities, by its number. */
export function hiddenServiceDir(number: number): string {
  return `${PATHS.keys}/hs-${number}`;
}
