/** Ports inside a town's containers. None is published on the host. */
export const PORTS = {
  /** The connector's BTP server, and the port that the hidden service shows to the world. */
  btp: 3000,
  /** The connector's `/health`. */
  health: 8080,
  /** The connector's admin API, on loopback inside its container. */
  admin: 8081,
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
  /** Where a sidecar finds what it must know of a local ATOR network. */
  localNetwork: "/network",
} as const;

/** The HiddenServiceDir of one of a town's identities, by its number. */
export function hiddenServiceDir(number: number): string {
  return `${PATHS.keys}/hs-${number}`;
}
