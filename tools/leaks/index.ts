import { COLLECTORS } from "./places";
import { Scanner, type Leak } from "./scan";
import type { Collector, Scene } from "./scene";

/** What a scan has found, and how much it has looked at. */
export interface ScanResult {
  readonly leaks: readonly Leak[];
  /** For each collector what it has found to look at. */
  readonly looked: readonly { readonly collector: string; readonly places: number; readonly bytes: number }[];
}

/**
 * Looks for a stack's secrets everywhere that they could show: with `quick` in the places that take no time, otherwise
 * in all. A collector that finds nothing to look at is itself reported, for an empty place must not pass for a clean
 * one.
 */
export async function scanStack(
  scene: Scene,
  { quick, collectors = COLLECTORS }: { quick: boolean; collectors?: readonly Collector[] },
): Promise<ScanResult> {
  const scanner = new Scanner(scene.secrets);
  const chosen = collectors.filter((collector) => collector.quick || !quick);
  const results = await Promise.all(
    chosen.map(async ({ name, collect }) => {
      const leaks: Leak[] = [];
      let [places, bytes] = [0, 0];
      await collect(scene, async (place) => {
        const looked = await scanner.look(place);
        leaks.push(...looked.leaks);
        bytes += looked.bytes;
        places++;
      });
      if (bytes === 0) leaks.push({ place: name, name: "nothing", encoding: "there was nothing to look at" });
      return { leaks, looked: { collector: name, places, bytes } };
    }),
  );
  return { leaks: results.flatMap(({ leaks }) => leaks), looked: results.map(({ looked }) => looked) };
}
