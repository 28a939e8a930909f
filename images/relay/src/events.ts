/** As much of NIP-01 as the stand-in needs: events, their ids, and filters. Signatures are not checked. */
import { createHash } from "node:crypto";
import { z } from "zod";

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

const event = z.strictObject({
  id: hex(64),
  pubkey: hex(64),
  created_at: z.int().nonnegative(),
  kind: z.int().nonnegative(),
  tags: z.array(z.array(z.string())),
  content: z.string(),
  sig: hex(128),
});
export type NostrEvent = z.output<typeof event>;

/** Reads an event as JSON; undefined unless it is one and its id is its hash. */
export function parseEvent(text: string): NostrEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = event.safeParse(value);
  return data?.id === (data && idOf(data)) ? data : undefined;
}

/** An event's id: the SHA-256 of its serialisation (NIP-01). */
export function idOf({ pubkey, created_at, kind, tags, content }: Omit<NostrEvent, "id" | "sig">): string {
  return createHash("sha256")
    .update(JSON.stringify([0, pubkey, created_at, kind, tags, content]))
    .digest("hex");
}

/** Whether an event passes a filter of `ids`, `authors` and `kinds`; anything else in the filter is ignored. */
export function matches({ id, pubkey, kind }: NostrEvent, filter: unknown): boolean {
  const { ids, authors, kinds } = (filter ?? {}) as Record<string, unknown>;
  const among = (list: unknown, value: unknown) => !Array.isArray(list) || list.includes(value);
  return among(ids, id) && among(authors, pubkey) && among(kinds, kind);
}
