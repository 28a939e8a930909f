import { constants } from "node:os";
import { onInterrupt } from "../console/interrupted";

/**
 * Has something undone when an interrupt ends the process, which then exits with 128 and the number of the signal, as a
 * shell expects. Returns what gives the signals back.
 */
export function undoWhenInterrupted(undo: () => Promise<void>): () => void {
  return onInterrupt((signal) => {
    const exit = () => process.exit(128 + constants.signals[signal]);
    undo().then(exit, exit);
  });
}
