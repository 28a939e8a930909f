import type { Socket } from "node:net";
import type Docker from "dockerode";
import { logText } from "../../docker/dockerText";
import { BtpClient } from "./btpClient";
import { honestPeer, type HonestPeer } from "./honestPeer";
import { CONNECT_MS, connectBy, type Pass, type Target, type Way } from "./target";

/** The most that an attack may take of a container's memory limit. */
const MEMORY_SHARE = 0.6;
/** Attackers, each with a daemon of its own. */
const ATTACKERS = 3;
/** Milliseconds until their daemons have to be in the network. */
const DEADLINE_MS = 60_000;

/** An attack on a town, bounded in count and time. */
export interface Storm {
  /** What the town does in it, as the title of a test. */
  readonly name: string;
  /** Attacks; tells what it measured, and what the town should not have done. */
  readonly blow: (siege: Siege) => Promise<{ readonly figure: string; readonly faults: readonly string[] }>;
}

/** What a storm came to. */
export interface Weathered {
  readonly name: string;
  readonly figure: string;
  /** What went wrong, of the storm's own rules and of those for every storm. */
  readonly faults: readonly string[];
  readonly seconds: number;
  /** Packets that the honest peer sent meanwhile. */
  readonly packets: number;
  /** The most memory that a container had so far, as a share of its limit, by role. */
  readonly memory: Readonly<Record<string, number>>;
}

/**
 * A town under attack by strangers and by a peer, with daemons of their own and no knowledge but the address and that
 * peer's token, while an honest peer with another daemon sends a packet a second. After every storm the town's
 * containers must have their processes still, must never have had more than 60 % of their memory, and the honest peer
 * must have lost no packet.
 */
export class Siege {
  readonly #memory = new Map<string, number>();
  #watch: NodeJS.Timeout | undefined;

  private constructor(
    readonly docker: Docker,
    readonly target: Target,
    /** What the peer that attacks was given. */
    readonly pass: Pass,
    readonly attackers: readonly Way[],
    readonly honestWay: Way,
    readonly honest: HonestPeer,
  ) {
    this.#watch = setInterval(() => void this.#sample().catch(() => undefined), 1000);
  }

  /** Begins one of a town with the declared peers `g.honest` and `g.visitor`. */
  static async lay(docker: Docker, target: Target): Promise<Siege> {
    const ways: Way[] = [];
    try {
      const names = ["honest", ...Array.from({ length: ATTACKERS }, (_, index) => `attacker${index}`)];
      for (const name of names) ways.push(await target.way(docker, name, DEADLINE_MS));
      const [honestWay, ...attackers] = ways as [Way, ...Way[]];
      const honest = await honestPeer(honestWay, target.pass("g.honest"));
      return new Siege(docker, target, target.pass("g.visitor"), attackers, honestWay, honest);
    } catch (error) {
      for (const way of ways) await way.remove();
      throw error;
    }
  }

  async lift(): Promise<void> {
    clearInterval(this.#watch);
    this.honest.leave();
    for (const way of [this.honestWay, ...this.attackers]) await way.remove();
  }

  /** A raw connection of a stranger; names choose circuits. What it hears is dropped. */
  async stranger(who: string, way: Way = this.attackers[0]!): Promise<Socket> {
    const socket = await connectBy(way, who, this.pass.url, CONNECT_MS);
    return socket.on("error", () => undefined).on("data", () => undefined);
  }

  /** A BTP client of the attacker. */
  client(who: string): Promise<BtpClient> {
    return BtpClient.open(this.attackers[0]!, who, this.pass.url);
  }

  /** The lines that the connector and its guard have logged so far. */
  async log(): Promise<string[]> {
    return (await logText(this.docker, this.target.containers.connector)).split("\n");
  }

  /**
   * Bytes that have reached the connector's container over its networks; undefined where those of the daemon are among
   * them.
   */
  async received(): Promise<number | undefined> {
    const { containers, daemon } = this.target;
    if (daemon === containers.connector) return undefined;
    const { networks } = await statsOf(this.docker, containers.connector);
    return networks && Object.values(networks).reduce((sum, { rx_bytes }) => sum + rx_bytes, 0);
  }

  async weather(storm: Storm): Promise<Weathered> {
    const from = performance.now();
    const processes = await processesOf(this.docker, this.target);
    this.honest.start();
    const { figure, faults } = await storm.blow(this);
    const service = await this.honest.stop();
    await this.#sample();
    const memory = Object.fromEntries(this.#memory);
    const greedy = Object.entries(memory).filter(([, share]) => !(share < MEMORY_SHARE));
    return {
      name: storm.name,
      figure,
      seconds: (performance.now() - from) / 1000,
      packets: service.sent,
      memory,
      faults: [
        ...faults,
        ...service.faults.map((fault) => `the honest peer: ${fault}`),
        ...((await processesOf(this.docker, this.target)) === processes ? [] : ["a process ended"]),
        ...greedy.map(([role, share]) => `the ${role} had ${percent(share)} of its memory`),
      ],
    };
  }

  /** Remembers the most memory that a container had, without what the kernel can take back at once. */
  async #sample(): Promise<void> {
    for (const [role, name] of staying(this.target)) {
      const { memory_stats } = await statsOf(this.docker, name);
      const stats = memory_stats.stats as unknown as Record<string, number> | undefined;
      if (stats === undefined) continue; // it does not run
      const idle = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
      const share = (memory_stats.usage - idle) / memory_stats.limit;
      this.#memory.set(role, Math.max(this.#memory.get(role) ?? 0, share));
    }
  }
}

const statsOf = (docker: Docker, container: string) =>
  docker.getContainer(container).stats({ stream: false, "one-shot": true });

/** The containers of a town that stay, each with its role. */
function staying({ containers: { connector, sidecar } }: Target): (readonly [string, string])[] {
  return [["connector", connector], ...(sidecar === undefined ? [] : [["sidecar", sidecar] as const])];
}

export const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Ids and start times: another one says that a process ended and was started again. */
async function processesOf(docker: Docker, target: Target): Promise<string> {
  const states = await Promise.all(
    staying(target).map(async ([, name]) => {
      const { State, RestartCount } = await docker.getContainer(name).inspect();
      return [State.Pid, State.StartedAt, RestartCount];
    }),
  );
  return JSON.stringify(states);
}
