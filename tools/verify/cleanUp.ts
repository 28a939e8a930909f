/**
 * Something to be undone at the end of a piece of work, or when SIGINT or SIGTERM ends the process before that: then it
 * is undone and the process exits with 130 or 143, as a shell expects of it. From its making until `end()` it has those
 * two signals.
 */
export class CleanUp {
  #undo: () => Promise<void> = () => Promise.resolve();
  readonly #interrupted = (signal: NodeJS.Signals) => {
    const exit = () => process.exit(signal === "SIGINT" ? 130 : 143);
    this.#undo().then(exit, exit);
  };

  constructor() {
    process.on("SIGINT", this.#interrupted);
    process.on("SIGTERM", this.#interrupted);
  }

  /** Says how to undo what is about to be done. */
  set(undo: () => Promise<void>): void {
    this.#undo = undo;
  }

  /** Undoes it and restores the previous signal handlers. Rejects if undoing does. */
  async end(): Promise<void> {
    try {
      await this.#undo();
    } finally {
      process.off("SIGINT", this.#interrupted);
      process.off("SIGTERM", this.#interrupted);
    }
  }
}
