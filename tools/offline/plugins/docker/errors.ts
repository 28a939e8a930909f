/** What the Engine said, in the words of Docker's own clients: `Error response from daemon: …`. */
export function daemonMessage(error: unknown): string {
  const { json, message } = error as { json?: unknown; message?: string };
  const said = typeof json === "object" && json !== null ? (json as { message?: unknown }).message : undefined;
  if (typeof said === "string") return `Error response from daemon: ${said}`;
  // dockerode reads no JSON from the answers that it streams, and puts the status before the Engine's words.
  return (message ?? String(error)).replace(/^\(HTTP code \d+\) [\w ]*- /, "Error response from daemon: ").trim();
}

/** Whether the Engine answered with this HTTP status. */
export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return statuses.includes((error as { statusCode?: number }).statusCode ?? 0);
}

/** Runs a call of the Engine's API; its error becomes `<what>: Error response from daemon: …`. */
export async function calling<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new Error(`${what}: ${daemonMessage(error)}`, { cause: error });
  }
}

/** The result of a call, or undefined if the Engine does not know the thing. */
export async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw new Error(daemonMessage(error), { cause: error });
  }
}
