import type Docker from "dockerode";
import type { Environment } from "../environment";
import { collectImageLayers, collectImages, collectInspect, collectLogs } from "./docker";
import { collectFiles, collectState } from "./files";
import { collectProcesses } from "./processes";
import { collectOutputs, collectPreviews } from "./pulumi";
import type { NamedSecret, Place } from "./scan";
import { collectVolumes } from "./volumes";

/** A deployed stack, as the collectors see it. */
export interface Scene {
  readonly stack: string;
  readonly docker: Docker;
  readonly environment: Environment;
  /** The arguments of `prepareStack`. */
  readonly chosen: readonly string[];
  /** What our own commands have said of the stack: the report of `make verify`, what an `up` that failed has printed. */
  readonly said: readonly Place[];
  /** What is looked for. Only one collector asks: what belongs into the environment of a connector's process is taken out there. */
  readonly secrets: readonly NamedSecret[];
}

/** One kind of places where a secret could show. */
export interface Collector {
  readonly name: string;
  /** Whether it takes so little time that `make verify` does it too; otherwise the end-to-end tests alone do. */
  readonly quick: boolean;
  /** Shows each place to `look`, one after the other, for a place may be a stream. */
  readonly collect: (scene: Scene, look: (place: Place) => Promise<void>) => Promise<void>;
}

/**
 * Everywhere that a stack's secrets could show to somebody who has neither the state's passphrase nor the files of a volume. This is the one list of them: what is not in here is looked
 * at by nobody.
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
