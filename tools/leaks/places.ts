import { collectImageLayers, collectImages, collectInspect, collectLogs } from "./docker";
import { collectFiles, collectState } from "./files";
import { collectProcesses } from "./processes";
import { collectOutputs, collectPreviews } from "./pulumi";
import type { Place } from "./scan";
import type { Collector, Scene } from "./scene";
import { collectVolumes } from "./volumes";

/**
 * Everywhere that a stack's secrets could show to somebody who has neither the state's passphrase nor the files of a
 * volume. This is the one list of them: what is not in here is looked at by nobody.
 */
export const COLLECTORS: readonly Collector[] = [
  { name: "the state", quick: true, collect: collectState },
  { name: "the outputs", quick: true, collect: collectOutputs },
  { name: "previews and the event log", quick: false, collect: collectPreviews },
  { name: "what our commands said", quick: true, collect: collectSaid },
  { name: "docker inspect", quick: true, collect: collectInspect },
  { name: "docker logs", quick: true, collect: collectLogs },
  { name: "processes", quick: true, collect: collectProcesses },
  { name: "images", quick: true, collect: collectImages },
  { name: "image layers", quick: false, collect: collectImageLayers },
  { name: "files in volumes", quick: true, collect: collectVolumes },
  { name: "files of our tools", quick: true, collect: collectFiles },
];

async function collectSaid({ said }: Scene, look: (place: Place) => Promise<void>): Promise<void> {
  for (const place of said) await look(place);
}
