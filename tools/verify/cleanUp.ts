/**
 * Has something undone when SIGINT or SIGTERM ends the process, which then exits with 130 or 143, as a shell expects.
 * Returns what gives the two signals back.
 */
export function undoWhenInterrupted(undo: () => Promise<void>): () => void {
  const interrupted = (signal: NodeJS.Signals) => {
    const exit = () => process.exit(signal === "SIGINT" ? 130 : 143);
    undo().then(exit, exit);
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  return () => void process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
}
