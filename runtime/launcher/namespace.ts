/**
 * Notices that the connector's network namespace is dead. It is another container's, and that container takes it along
 * when it stops: what is left has a loopback interface and nothing else, for good. Docker puts a container into the new
 * namespace only when it starts it, and tries that once. So the launcher ends when, and not before, the other container
 * runs again: that one writes something else into a file of a shared volume at each start.
 */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** How often to look, in milliseconds. */
const INTERVAL_MS = 1000;

/** What is looked at. */
export interface NamespaceView {
  /** Whether the namespace has an interface besides loopback. */
  readonly alive: () => boolean;
  /** What the other container wrote at its last start. */
  readonly sign: () => string | undefined;
}

/** The launcher's own namespace, and the file with the other container's sign. */
export function namespaceView(signFile: string): NamespaceView {
  return {
    alive: () => Object.values(networkInterfaces()).some((list) => list?.some(({ internal }) => !internal)),
    sign: () => {
      try {
        return readFileSync(signFile, "utf8");
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * Calls `lost` once, when the namespace is dead and the other container has been started since it was last alive.
 * Returns a function that stops looking.
 */
export function watchNamespace({ alive, sign }: NamespaceView, lost: () => void, intervalMs = INTERVAL_MS): () => void {
  let lastSign = sign();
  const timer = setInterval(() => {
    const seen = sign();
    if (alive()) lastSign = seen;
    else if (seen !== undefined && seen !== lastSign) {
      clearInterval(timer);
      lost();
    }
  }, intervalMs);
  return () => clearInterval(timer);
}
