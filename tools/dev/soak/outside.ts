import type Docker from "dockerode";
import { until } from "../../console/until";
import { containersOf } from "../../docker/stackContainers";
import { judgeContainers } from "../../verify/containers";
import { isLetIn, type Target, type Way } from "../storms/target";

/** Milliseconds for one attempt to connect, and to get an answer. */
const DIAL_MS = 20_000;
/** Milliseconds until a second daemon has to be in the network. */
const DEADLINE_MS = 30_000;
/**
 * Failed attempts after which another daemon dials: one that asked at a bad moment may not recover for half a minute.
 */
const PATIENCE = 2;
/** A town is reached when it is reached once more after this time: longer than its watcher takes to notice anything. */
const STAYS_MS = 6_000;

/** A peer outside: it dials a town as the peer `g.visitor`, whatever happens to the town. */
export class Outside {
  #way: Way | undefined;
  #failures = 0;

  constructor(
    readonly docker: Docker,
    readonly target: Target,
    /** Milliseconds in which the town has to be reached again. */
    readonly recoveryMs: number,
  ) {}

  /**
   * Seconds until all containers are healthy and the peer is let in, and again a few seconds later; undefined when that
   * is not so within `withinMs`.
   */
  async untilReached(withinMs: number = this.recoveryMs): Promise<number | undefined> {
    const from = performance.now();
    const end = from + withinMs;
    while (performance.now() < end) {
      const left = Math.max(1000, end - performance.now());
      if (!(await until(() => this.reaches({ healthy: true }), Boolean, { withinMs: left, everyMs: 250 }))) break;
      const seconds = (performance.now() - from) / 1000;
      await new Promise((resolve) => setTimeout(resolve, STAYS_MS));
      if (await this.reaches({ healthy: true })) return seconds;
    }
    return undefined;
  }

  /** Whether the peer is let in now; `healthy`: only if all containers are healthy. */
  async reaches({ healthy }: { healthy: boolean }): Promise<boolean> {
    const { docker, target } = this;
    try {
      if (healthy && judgeContainers(await containersOf(docker, target.stack), []).result !== "passed") return false;
      if (this.#failures >= PATIENCE) await this.#leave();
      this.#way ??= await target.way(docker, "outside", DEADLINE_MS);
      this.#failures += 1;
      if (!(await isLetIn(this.#way, "outside", target.pass("g.visitor"), DIAL_MS))) return false;
      this.#failures = 0;
      return true;
    } catch {
      return false;
    }
  }

  async #leave(): Promise<void> {
    this.#failures = 0;
    await this.#way?.remove().catch(() => undefined);
    this.#way = undefined;
  }
}
