import { during } from "../console/say";
import { failedBy, makeCheck, type Check, type CheckResult } from "./report";

/** Towns that are checked side by side. Most of the time is spent waiting for the network, little on the processor. */
const AT_ONCE = 6;

/** Makes the checks of a stack and keeps their results in a fixed order: by town, whatever ends first. */
export class Checks {
  readonly #before: CheckResult[] = [];
  readonly #towns: ReadonlyMap<string, CheckResult[]>;
  readonly #after: CheckResult[] = [];
  #townsBegun = false;

  constructor(
    towns: readonly string[],
    private readonly make = (check: Check) => during(check.waitsFor ?? check.name, () => makeCheck(check)),
    private readonly atOnce = AT_ONCE,
  ) {
    this.#towns = new Map([...towns].sort().map((town) => [town, []]));
  }

  /** Makes a check of the whole stack. Never rejects: a check that throws has failed. */
  async ofStack(check: Check): Promise<void> {
    const results = this.#townsBegun ? this.#after : this.#before;
    results.push(await this.make(check));
  }

  /**
   * Makes the checks of every town: a town's in order, the towns side by side. Resolves when all are made, so a second
   * call is a second phase. Never rejects: if `list` throws, that town gets a failed check with the reason.
   *
   * @param phase what is checked, in case it cannot be listed: "its peers"
   * @param list the checks of a town, named without it
   */
  async ofTowns(phase: string, list: (town: string) => readonly Check[]): Promise<void> {
    this.#townsBegun = true;
    const waiting = [...this.#towns];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [town, results] = next;
        for (const { name, waitsFor = name, run } of listed(phase, () => list(town)))
          results.push(await this.make({ name: `${town}: ${name}`, waitsFor: `${town}: ${waitsFor}`, run }));
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.atOnce, waiting.length) }, work));
  }

  /** What has been made so far. */
  get results(): CheckResult[] {
    return [...this.#before, ...[...this.#towns.values()].flat(), ...this.#after];
  }
}

function listed(phase: string, list: () => readonly Check[]): readonly Check[] {
  try {
    return list();
  } catch (error) {
    return [{ name: phase, run: () => Promise.resolve(failedBy(error)) }];
  }
}
