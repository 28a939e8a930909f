import { collectImageLayers, collectImages, collectInspect, collectLogs } from "./docker";
import { collectFiles, collectState } from "./files";
import { collectProcesses } from "./processes";
import { collectOutputs, collectPreviews } from "./pulumi";
import type { Collector, Look, Scene } from "./scene";
import { collectVolumes } from "./volumes";

/**
 * Every place where a stack's secrets could be visible to someone who has neither the state's passphrase nor access to
 * the files of a volume. No other place is searched.
 */
export const COLLECTORS: readonly Collector[] = [
  { name: "the state", quick: true, collect: collectState },
  { name: "the outputs", quick: true, collect: collectOutputs },
  { name: "previews and the event log", quick: false, collect: collectPreviews },
  { name: "output of our commands", quick: true, collect: collectOutput },
  { name: "docker inspect", quick: true, collect: collectInspect },
  { name: "docker logs", quick: true, collect: collectLogs },
  { name: "processes", quick: true, collect: collectProcesses },
  { name: "images", quick: true, collect: collectImages },
  { name: "image layers", quick: false, collect: collectImageLayers },
  { name: "files in volumes", quick: true, collect: collectVolumes },
  { name: "files of our tools", quick: true, collect: collectFiles },
];

async function collectOutput({ said }: Scene, look: Look): Promise<void> {
  for (const place of said) await look(place);
}
