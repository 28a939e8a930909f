import { text } from "node:stream/consumers";

/** Waits for the end of what an Engine reports on. Rejects with the error among the reports, whose status is 200. */
export async function whenDone(reports: NodeJS.ReadableStream): Promise<void> {
  for (const line of (await text(reports)).split("\n").filter((each) => each.trim() !== "")) {
    const { error } = JSON.parse(line) as { error?: string };
    if (error !== undefined) throw new Error(error);
  }
}
