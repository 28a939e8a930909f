import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { PATHS } from "../../components/core/ports";
import { redact } from "../../components/core/redact";
import { UID } from "../../components/core/user";
import { demultiplexed, execStream, execText } from "../docker/dockerText";
import { hardened } from "../docker/hardened";
import { removeContainer } from "../docker/removeContainer";
import { UserError } from "../console/project";
import type { DaemonFacts } from "./containers";
import type { Open } from "./door";
import type { Control } from "./keyRing";

/** Where the second daemon keeps its consensus and guards: memory, gone with it. */
const DATA = "/run/verify";
const SOCKS_PORT = 9050;
/** On loopback inside the container. */
const CONTROL_PORT = 9051;
/** Stands in the anonrc for the container's own address, which Docker chooses at the start. */
const OWN_ADDRESS = "@own@";
/** The daemon ends itself after this many seconds, so that a killed `verify` leaves nothing behind for long. */
const LONGEST_LIFE_S = 900;

/** What a second daemon is started from: what there is to know of the town's own, and this. */
export interface DaemonOptions extends DaemonFacts {
  readonly stack: string;
  /** Whether the Docker host is another machine than this one. Default: false. */
  readonly elsewhere?: boolean;
  /** Milliseconds that the daemon gets to find its way into the network. */
  readonly deadlineMs: number;
}

/** A daemon like a stranger's: it shares only the image with the town. */
export interface SecondDaemon {
  /** Its SOCKS port, as the Docker host reaches it. */
  readonly socks: { readonly host: string; readonly port: number };
  /** Opens a connection to its SOCKS port: over the bridge, or with an Engine elsewhere through the Engine. */
  readonly open: Open;
  /** What is sent does not show in the container's description, its command lines and its environments. */
  readonly control: Control;
  /** Stops and removes the container. Safe to call more than once. */
  remove(): Promise<void>;
}

/**
 * The second daemon's anonrc, line by line: a client for hidden services only, which one address alone may use. That is
 * the Docker host's on the container's network, or the container's own.
 */
export function renderClientAnonrc(user: string, include?: string): string[] {
  return [
    "AgreeToTerms 1",
    ...(include === undefined ? [] : [`%include ${include}`]),
    `DataDirectory ${DATA}`,
    // ExtendedErrors: a refusal says whether the service could not be found or refused the connection.
    `SocksPort ${OWN_ADDRESS}:${SOCKS_PORT} OnionTrafficOnly ExtendedErrors`,
    `SocksPolicy accept ${user}/32`,
    "SocksPolicy reject *",
    `ControlPort 127.0.0.1:${CONTROL_PORT}`,
    "CookieAuthentication 1",
    "NoExec 1",
    "SafeLogging 1",
    "Log notice stdout",
  ];
}

/** The percentage in a line such as `[notice] Bootstrapped 45% (requesting_descriptors): …` of the daemon's log. */
export function bootstrapPercent(line: string): number | undefined {
  const match = /\bBootstrapped (\d{1,3})%/.exec(line);
  return match ? Number(match[1]) : undefined;
}

/**
 * Starts a second daemon beside the stack and waits until it can build circuits. The container is hardened as the
 * stack's own are, removes itself when it stops, and publishes no port.
 *
 * @throws UserError when the daemon ends or is not there within the deadline; nothing is left behind
 */
export async function startSecondDaemon(docker: Docker, options: DaemonOptions): Promise<SecondDaemon> {
  const name = nameOf(options.stack);
  const remove = () => removeSecondDaemon(docker, options.stack);
  await remove();
  const container = await docker.createContainer({ name, ...containerSettings(options) });
  try {
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const host = NetworkSettings.Networks[options.network]?.IPAddress;
    if (!host) throw new UserError(`The second daemon has no address on the network ${options.network}.`);
    await bootstrapped(container, options);
    return {
      socks: { host, port: SOCKS_PORT },
      open: options.elsewhere
        ? () => execStream(docker, name, ["bash", "-c", RELAY, host])
        : () => Promise.resolve(connect(SOCKS_PORT, host)),
      control: (line) => execText(docker, name, ["bash", "-c", CONTROL], `${line}\n`),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Stops and removes the second daemon beside a stack, if there is one. */
export function removeSecondDaemon(docker: Docker, stack: string): Promise<void> {
  return removeContainer(docker, nameOf(stack));
}

function nameOf(stack: string): string {
  return `town-ator-${stack}-verify`;
}

/** Puts the container's own address, which /etc/hosts has beside its name, into the anonrc and starts the daemon. */
const START = [
  'while read -r address name _; do [ "$name" = "$HOSTNAME" ] && own=$address; done </etc/hosts',
  `printf '%s\\n' "\${@//${OWN_ADDRESS}/$own}" >/tmp/anonrc`,
  `exec timeout ${LONGEST_LIFE_S} anon --defaults-anonrc /dev/null -f /tmp/anonrc`,
].join("\n");

/**
 * Takes a line from standard input to the control port, the daemon's cookie before it, and prints the answers. Only
 * commands of the shell itself see the line.
 */
const CONTROL = [
  `exec 3<>/dev/tcp/127.0.0.1/${CONTROL_PORT} || exit 1`,
  `printf 'AUTHENTICATE %s\\r\\n' "$(od -An -v -tx1 ${DATA}/control_auth_cookie | tr -d ' \\n')" >&3`,
  `read -r line; printf '%s\\r\\n' "$line" >&3`,
  `printf 'QUIT\\r\\n' >&3`,
  "cat <&3",
].join("\n");

/**
 * Carries standard input to the SOCKS port at the address in $0 and back, until one of the two ends. Not with `cat`:
 * BusyBox's uses sendfile(2), and of what that took from a socket half never left the container.
 */
const RELAY = [
  `exec 3<>/dev/tcp/$0/${SOCKS_PORT} 4<&0 || exit 1`,
  "dd bs=16k <&3 & dd bs=16k <&4 >&3 &",
  "wait -n",
  "kill $(jobs -p)",
].join("\n");

function containerSettings(options: DaemonOptions): Docker.ContainerCreateOptions {
  const { includeVolume } = options;
  const include = includeVolume === undefined ? undefined : `${PATHS.localNetwork}/anonnet.conf`;
  return {
    Image: options.image,
    Entrypoint: ["bash", "-c", START, "verify"],
    Cmd: renderClientAnonrc(options.elsewhere ? OWN_ADDRESS : options.gateway, include),
    Labels: { "town-ator.stack": options.stack, "town-ator.role": "verify" },
    ...hardened(128, {
      NetworkMode: options.network,
      Sysctls: { "net.ipv4.ip_forward": "0" },
      Tmpfs: {
        "/tmp": "rw,noexec,nosuid,nodev,size=8m,mode=1777",
        [DATA]: `rw,noexec,nosuid,nodev,size=64m,uid=${UID},gid=${UID},mode=0700`,
      },
      ...(includeVolume === undefined ? {} : { Binds: [`${includeVolume}:${PATHS.localNetwork}:ro`] }),
    }),
  };
}

async function bootstrapped(container: Docker.Container, { deadlineMs }: DaemonOptions): Promise<void> {
  const log = (await container.logs({ follow: true, stdout: true, stderr: true })) as unknown as Readable;
  const lines = demultiplexed(log).on("error", () => undefined);
  const last: string[] = [];
  let what = "ended";
  const timer = setTimeout(() => {
    what = `did not get into the network within ${deadlineMs / 1000} s`;
    log.unpipe();
    lines.end();
  }, deadlineMs);
  try {
    for await (const line of createInterface({ input: lines })) {
      if (bootstrapPercent(line) === 100) return;
      last.push(`  ${redact(line)}`);
    }
  } catch {
    what = "could not be watched";
  } finally {
    clearTimeout(timer);
    log.destroy();
  }
  throw new UserError([`The second daemon ${what}. Its last words:`, ...last.slice(-5)].join("\n"));
}
