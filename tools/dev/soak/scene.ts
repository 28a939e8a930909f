import type Docker from "dockerode";
import type { PrivateEngine } from "../engine/privateEngine";
import type { Outside } from "./outside";

/** What a fault strikes: a local town, alone on a Docker Engine of its own. */
export interface Scene {
  readonly stack: string;
  readonly engine: PrivateEngine;
  /** A client of the engine. */
  readonly docker: Docker;
  readonly outside: Outside;
  /** Changes the stack's config so that the next `up` replaces connector and sidecar. */
  readonly change: () => Promise<void>;
}

/** How a fault was made. */
export interface Struck {
  /** What else there is to tell. */
  readonly note?: string;
  /** When the town's time began, by `performance.now()`. Default: when `strike` returns. */
  readonly since?: number;
  /** Seconds until the town was reached, where `strike` has waited for it. */
  readonly seconds?: number;
}
