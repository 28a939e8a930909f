import { COLLECTORS } from "./places";
import { Scanner, type Leak } from "./scan";
import type { Collector, Scene } from "./scene";

/** What a scan has found, and how much it searched. */
export interface ScanResult {
  readonly leaks: readonly Leak[];
  /** What each collector searched. */
  readonly looked: readonly { readonly collector: string; readonly places: number; readonly bytes: number }[];
}

/**
 * Searches every place where a stack's secrets could appear; with `quick`, only the fast ones. A collector that finds
 * nothing to search is reported as a leak, so that an empty place does not pass for a clean one.
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
      if (bytes === 0) leaks.push({ place: name, name: "nothing", encoding: "there was nothing to search" });
      return { leaks, looked: { collector: name, places, bytes } };
    }),
  );
  return { leaks: results.flatMap(({ leaks }) => leaks), looked: results.map(({ looked }) => looked) };
}
