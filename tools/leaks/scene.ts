import type Docker from "dockerode";
import type { Pulumi } from "../pulumi/pulumi";
import type { NamedSecret, Place } from "./scan";

/** Shows a place to the scanner. */
export type Look = (place: Place) => Promise<void>;

/** A deployed stack, as the collectors see it. */
export interface Scene {
  readonly stack: string;
  readonly docker: Docker;
  readonly pulumi: Pulumi;
  /** Output of our own commands: the report of `make verify`, the errors of a failed `up`. */
  readonly said: readonly Place[];
  /** What to search for. Collectors need it only to leave out what belongs in a connector's environment. */
  readonly secrets: readonly NamedSecret[];
}

/** One kind of place where a secret could appear. */
export interface Collector {
  readonly name: string;
  /** Fast enough for `make verify`; otherwise only the end-to-end tests run it. */
  readonly quick: boolean;
  /** Passes each place to `look`, one at a time: a place may be a stream. */
  readonly collect: (scene: Scene, look: Look) => Promise<void>;
}
