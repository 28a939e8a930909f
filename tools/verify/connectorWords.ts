import type Docker from "dockerode";
import { z } from "zod";
import { PATHS } from "../../components/core/ports";
import { execText } from "../docker/dockerText";

const peersSchema = z.object({
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

const sentSchema = z.object({
  sent: z.int().positive(),
  accepted: z.int().nonnegative(),
  codes: z.record(z.string(), z.number()),
  milliseconds: z.array(z.number()),
});

/**
 * What a connector says of the peers that it dials, and what its launcher does about those that were given up. Peers
 * that dialled in are not among them.
 */
export type PeersReport = z.output<typeof peersSchema>;

/**
 * What became of packets: `codes` counts the ILP codes of those that were not accepted, `milliseconds` has the time of
 * each.
 */
export type SentReport = z.output<typeof sentSchema>;

/** What can be asked of a connector, by the name of its container. */
export interface ConnectorWords {
  peers(container: string): Promise<PeersReport>;
  /** Sends `count` packets of amount 0 to an ILP address, one after the other. */
  send(container: string, destination: string, count: number): Promise<SentReport>;
}

/**
 * Milliseconds for which an answer about peers counts as current. Towns are checked side by side and ask much alike.
 */
const CURRENT_MS = 1000;

/** Asks through the launcher's subcommands, which run in the container and have the admin API's key. */
export function connectorWords(docker: Docker): ConnectorWords {
  const ask = (container: string, ...words: string[]) =>
    execText(docker, container, ["node", `${PATHS.files}/launcher.cjs`, ...words]);
  return {
    peers: shared(async (container) => readPeers(await ask(container, "peers"))),
    send: async (container, destination, count) => readSent(await ask(container, "send", destination, String(count))),
  };
}

/**
 * The same question with fewer answers: those who ask while one is on its way, or {@link CURRENT_MS} after it came,
 * share it. Each answer costs a process in the container.
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

/** Reads the line that the launcher's `peers` prints. Throws an Error that names what is wrong and holds none of it. */
export function readPeers(line: string): PeersReport {
  return read("peers", peersSchema, line);
}

/** Reads the line that the launcher's `send` prints. Throws an Error that names what is wrong and holds none of it. */
export function readSent(line: string): SentReport {
  return read("send", sentSchema, line);
}

function read<T>(command: string, schema: z.ZodType<T>, line: string): T {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    throw new Error(`the launcher's \`${command}\` does not print JSON`);
  }
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const keys = [...new Set(result.error.issues.map(({ path }) => path.join(".") || "the whole"))].join(", ");
  throw new Error(`the launcher's \`${command}\` prints something else than is agreed (${keys})`);
}
