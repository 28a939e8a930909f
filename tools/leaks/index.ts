import { redact } from "../../components/core/redact";
import { collectCoreDumps } from "./coreDumps";
import { collectImageLayers, collectImages, collectInspect, collectLogs } from "./docker";
import { collectFiles, collectState } from "./files";
import { collectProcesses } from "./processes";
import { collectOutputs, collectPreviews } from "./pulumi";
import { collectVolumes } from "./volumes";
import { Scanner, type Collector, type Leak, type Look, type Scene } from "./scan";

/**
 * Every place where a stack's secrets could be visible to someone who has neither the state's passphrase nor access to
 * the files of a volume. No other place is searched.
 */
export const COLLECTORS: readonly Collector[] = [
  { name: "the state", quick: true, collect: collectState },
  { name: "the outputs", quick: true, collect: collectOutputs },
  { name: "previews and the event log", quick: false, collect: collectPreviews },
  { name: "output of our commands", quick: true, collect: collectSaid },
  { name: "docker inspect", quick: true, collect: collectInspect },
  { name: "docker logs", quick: true, collect: collectLogs },
  { name: "processes", quick: true, collect: collectProcesses },
  { name: "images", quick: true, collect: collectImages },
  { name: "image layers", quick: false, collect: collectImageLayers },
  { name: "files in volumes", quick: true, collect: collectVolumes },
  { name: "core dumps", quick: true, collect: collectCoreDumps, unseenElsewhere: "the Docker host's core dumps" },
  { name: "files of our tools", quick: true, collect: collectFiles },
];

/** What a scan has found, and how much it searched. */
export interface ScanResult {
  readonly leaks: readonly Leak[];
  /** What could not be searched, as the Docker host is another machine. */
  readonly unseen: readonly string[];
  /** What each collector searched. */
  readonly looked: readonly { readonly collector: string; readonly places: number; readonly bytes: number }[];
}

/**
 * Searches every place where a stack's secrets could appear; with `quick`, only the fast ones. A collector that finds
 * nothing to search, or fails, is reported as a leak: an empty place does not pass for a clean one, and what the others
 * have found is told all the same.
 */
export async function scanStack(
  scene: Scene,
  { quick, collectors = COLLECTORS }: { quick: boolean; collectors?: readonly Collector[] },
): Promise<ScanResult> {
  const scanner = new Scanner(scene.secrets);
  const texts = scene.secrets.flatMap(({ value }) => (typeof value === "string" ? [value] : []));
  const chosen = collectors.filter((collector) => collector.quick || !quick);
  const results = await Promise.all(
    chosen.map(async ({ name, collect }) => {
      const leaks: Leak[] = [];
      let [places, bytes] = [0, 0];
      try {
        await collect(scene, async (place) => {
          const looked = await scanner.look(place);
          leaks.push(...looked.leaks);
          bytes += looked.bytes;
          places++;
        });
        if (bytes === 0) leaks.push({ place: name, name: "nothing", encoding: "there was nothing to search" });
      } catch (error) {
        const why = error instanceof Error ? redact(error.message, texts) : "an unknown error";
        leaks.push({ place: name, name: "the rest", encoding: `was not searched: ${why}` });
      }
      return { leaks, looked: { collector: name, places, bytes } };
    }),
  );
  const unseen = chosen.flatMap(({ unseenElsewhere }) => (scene.elsewhere && unseenElsewhere ? [unseenElsewhere] : []));
  return { unseen, leaks: results.flatMap(({ leaks }) => leaks), looked: results.map(({ looked }) => looked) };
}

async function collectSaid({ said }: Scene, look: Look): Promise<void> {
  for (const place of said) await look(place);
}
