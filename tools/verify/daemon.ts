import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { redact } from "../../components/core/redact";
import { demultiplexed, execText } from "../docker/dockerText";
import { UserError } from "../console/project";
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
const MEBIBYTE = 1024 * 1024;

/** What a second daemon is started from. */
export interface DaemonOptions {
  readonly stack: string;
  /** The image of the town's own daemon, by id. */
  readonly image: string;
  /** The network through which the town's own daemon reaches the relays. */
  readonly network: string;
  /** This machine's address on that network. */
  readonly gateway: string;
  /**
   * The volume that tells of the local ATOR network, if the stack has one; the public network's authorities are built
   * into the daemon.
   */
  readonly includeVolume?: string;
  /** Where that volume is mounted; the file in it is `anonnet.conf`. */
  readonly includePath: string;
  /** Milliseconds that the daemon gets to find its way into the network. */
  readonly deadlineMs: number;
  /** Is told how to remove the container, before it exists: an interrupt can come at any time. */
  readonly onRemovable?: (remove: () => Promise<void>) => void;
}

/** A daemon like a stranger's: it shares only the image with the town. */
export interface SecondDaemon {
  /** The container's name. */
  readonly name: string;
  /** Its SOCKS port, as this machine reaches it. */
  readonly socks: { readonly host: string; readonly port: number };
  /** What is sent does not show in the container's description, its command lines and its environments. */
  readonly control: Control;
  /** Stops and removes the container. Safe to call more than once. */
  remove(): Promise<void>;
}

/**
 * The second daemon's anonrc, line by line: a client for hidden services alone, which nobody but this machine
 * (`gateway`, its address on the container's network) may use.
 */
export function renderClientAnonrc(gateway: string, include?: string): string[] {
  return [
    "AgreeToTerms 1",
    ...(include === undefined ? [] : [`%include ${include}`]),
    `DataDirectory ${DATA}`,
    // ExtendedErrors: a refusal says whether the service could not be found or refused the connection.
    `SocksPort ${OWN_ADDRESS}:${SOCKS_PORT} OnionTrafficOnly ExtendedErrors`,
    `SocksPolicy accept ${gateway}/32`,
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
 * stack's own are, removes itself when it stops, and publishes no port: this machine reaches it over the bridge, so it
 * has to be the Docker host itself.
 *
 * @throws UserError when the daemon ends or is not there within the deadline; nothing is left behind
 */
export async function startSecondDaemon(docker: Docker, options: DaemonOptions): Promise<SecondDaemon> {
  const name = `town-ator-${options.stack}-verify`;
  await removeContainer(docker, name);
  options.onRemovable?.(() => removeContainer(docker, name));
  const container = await docker.createContainer({ name, ...containerSettings(options) });
  try {
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const host = NetworkSettings.Networks[options.network]?.IPAddress;
    if (!host) throw new UserError(`The second daemon has no address on the network ${options.network}.`);
    await bootstrapped(container, options);
    return {
      name,
      socks: { host, port: SOCKS_PORT },
      control: (lines) => execText(docker, name, ["bash", "-c", CONTROL], lines.map((line) => `${line}\n`).join("")),
      remove: () => removeContainer(docker, name),
    };
  } catch (error) {
    await removeContainer(docker, name);
    throw error;
  }
}

/** Puts the container's own address, which /etc/hosts has beside its name, into the anonrc and starts the daemon. */
const START = [
  'while read -r address name _; do [ "$name" = "$HOSTNAME" ] && own=$address; done </etc/hosts',
  `printf '%s\\n' "\${@//${OWN_ADDRESS}/$own}" >/tmp/anonrc`,
  `exec timeout ${LONGEST_LIFE_S} anon --defaults-anonrc /dev/null -f /tmp/anonrc`,
].join("\n");

/**
 * Takes lines from standard input to the control port, the daemon's cookie before them, and prints the answers. Only
 * commands of the shell itself see the lines.
 */
const CONTROL = [
  `exec 3<>/dev/tcp/127.0.0.1/${CONTROL_PORT} || exit 1`,
  `printf 'AUTHENTICATE %s\\r\\n' "$(od -An -v -tx1 ${DATA}/control_auth_cookie | tr -d ' \\n')" >&3`,
  `while read -r line; do printf '%s\\r\\n' "$line"; done >&3`,
  `printf 'QUIT\\r\\n' >&3`,
  "cat <&3",
].join("\n");

function containerSettings(options: DaemonOptions): Docker.ContainerCreateOptions {
  const { includeVolume, includePath } = options;
  const anonrc = renderClientAnonrc(
    options.gateway,
    includeVolume === undefined ? undefined : `${includePath}/anonnet.conf`,
  );
  const memory = 128 * MEBIBYTE;
  return {
    Image: options.image,
    Entrypoint: ["bash", "-c", START, "verify"],
    Cmd: anonrc,
    User: "1000:1000",
    Labels: { "town-ator.stack": options.stack, "town-ator.role": "verify" },
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: options.network,
      AutoRemove: true,
      Init: true,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: 64,
      Sysctls: { "net.ipv4.ip_forward": "0" },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "1" } },
      Tmpfs: {
        "/tmp": "rw,noexec,nosuid,nodev,size=8m,mode=1777",
        [DATA]: "rw,noexec,nosuid,nodev,size=64m,uid=1000,gid=1000,mode=0700",
      },
      ...(includeVolume === undefined ? {} : { Binds: [`${includeVolume}:${includePath}:ro`] }),
    },
  };
}

async function bootstrapped(container: Docker.Container, options: DaemonOptions): Promise<void> {
  const log = (await container.logs({ follow: true, stdout: true, stderr: true })) as unknown as Readable;
  const lines = demultiplexed(log);
  const last: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string) => reject(new UserError(failure(what, last)));
      timer = setTimeout(
        () => fail(`did not get into the network within ${options.deadlineMs / 1000} s`),
        options.deadlineMs,
      );
      let partial = "";
      lines.on("data", (piece: Buffer) => {
        const whole = (partial + piece.toString("utf8")).split("\n");
        partial = whole.pop() ?? "";
        for (const line of whole) {
          last.push(line);
          if (last.length > 5) last.shift();
          if (bootstrapPercent(line) === 100) resolve();
        }
      });
      lines.on("end", () => fail("ended"));
      lines.on("error", () => fail("could not be watched"));
    });
  } finally {
    clearTimeout(timer);
    log.destroy();
  }
}

function failure(what: string, lastLines: readonly string[]): string {
  return [`The second daemon ${what}. Its last words:`, ...lastLines.map((line) => `  ${redact(line)}`)].join("\n");
}

async function removeContainer(docker: Docker, name: string): Promise<void> {
  try {
    await docker.getContainer(name).remove({ force: true });
  } catch (error) {
    // 404: it has gone. 409: AutoRemove is at it already.
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}
