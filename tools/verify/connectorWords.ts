import type Docker from "dockerode";
import { z } from "zod";
import { PATHS } from "../../components/core/ports";
import { readJson } from "../console/readJson";
import { execText } from "../docker/dockerText";

/** What the launcher's `peers` prints. */
export const peersSchema = z.object({
  /** The body of its `/health`. */
  health: z.object({
    nodeId: z.string(),
    version: z.string().optional(),
    transport: z.object({ healthy: z.boolean() }),
    peersConnected: z.number(),
    totalPeers: z.number(),
  }),
  peers: z.array(
    z.object({
      id: z.string(),
      connected: z.boolean(),
      /** The prefixes that lead to it. */
      ilpAddresses: z.array(z.string()).default([]),
    }),
  ),
  redial: z
    .record(
      z.string(),
      z.object({
        state: z.string(),
        attempts: z.number(),
        since: z.string(),
        why: z.string().default(""),
        /** When it is dialled again, where that is settled. */
        next: z.string().nullish(),
      }),
    )
    .nullable(),
});

/** What the launcher's `send` prints. */
export const sentSchema = z.object({
  sent: z.int().positive(),
  accepted: z.int().nonnegative(),
  codes: z.record(z.string(), z.number()),
  milliseconds: z.array(z.number()),
});

/**
 * What a connector says about its health and the peers that it dials, and what its launcher does about those that it
 * gave up. Peers that dialled in are not listed.
 */
export type PeersReport = z.output<typeof peersSchema>;

/** What the launcher says of its attempts to reach a peer. */
export type Redial = NonNullable<PeersReport["redial"]>[string];

/**
 * The results of sending packets: `codes` counts the ILP codes of those that were not accepted, `milliseconds` has the
 * round trip of each.
 */
export type SentReport = z.output<typeof sentSchema>;

/** What can be asked of a connector, by the name of its container. */
export interface ConnectorWords {
  peers(container: string): Promise<PeersReport>;
  /** Sends `count` packets of amount 0 to an ILP address, one after the other. */
  send(container: string, destination: string, count: number): Promise<SentReport>;
}

/**
 * Milliseconds for which an answer about peers counts as current. Towns are checked side by side and ask the same.
 */
const CURRENT_MS = 1000;

/** Asks through the launcher's subcommands, which run in the container and have the admin API's key. */
export function connectorWords(docker: Docker): ConnectorWords {
  const ask = async <T>(schema: z.ZodType<T>, container: string, command: string, ...words: string[]) => {
    const line = await execText(docker, container, ["node", `${PATHS.files}/launcher.cjs`, command, ...words]);
    return readJson(`what the launcher's \`${command}\` prints is`, schema, line);
  };
  return {
    peers: shared((container) => ask(peersSchema, container, "peers")),
    send: (container, destination, count) => ask(sentSchema, container, "send", destination, String(count)),
  };
}

/**
 * Shares answers: a question that is asked while its answer is on the way, or within {@link CURRENT_MS} after it, gets
 * the same one. Each answer costs a process in the container.
 */
export function shared<T>(ask: (of: string) => Promise<T>, now = () => performance.now()): (of: string) => Promise<T> {
  const answers = new Map<string, { answer: Promise<T>; until: number }>();
  return (of) => {
    const known = answers.get(of);
    if (known !== undefined && now() < known.until) return known.answer;
    const entry = { answer: ask(of), until: Infinity };
    answers.set(of, entry);
    const expire = () => void (entry.until = now() + CURRENT_MS);
    entry.answer.then(expire, () => void (entry.until = 0));
    return entry.answer;
  };
}
