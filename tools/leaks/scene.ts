import type Docker from "dockerode";
import type { Environment } from "../pulumi/environment";
import type { NamedSecret, Place } from "./scan";

/** A deployed stack, as the collectors see it. */
export interface Scene {
  readonly stack: string;
  readonly docker: Docker;
  readonly environment: Environment;
  /** The arguments of `prepareStack`. */
  readonly chosen: readonly string[];
  /**
   * What our own commands have said of the stack: the report of `make verify`, what an `up` that failed has printed.
   */
  readonly said: readonly Place[];
  /**
   * What is looked for. Only one collector asks: what belongs into the environment of a connector's process is taken
   * out there.
   */
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
