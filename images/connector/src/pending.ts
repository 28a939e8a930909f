import type { IlpPrepare, IlpReply } from "./ilp";

interface Waiting {
  resolve: (reply: IlpReply) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** Packets that were sent and not yet answered, by BTP request id. */
export interface PendingReplies {
  /** A promise of the answer; rejects with `onTimeout(waited ms)` when the packet's time is over. */
  wait(requestId: number, packet: IlpPrepare, onTimeout: (ms: number) => Error): Promise<IlpReply>;
  /** Settles one; false when nobody waits for that id. */
  settle(requestId: number, outcome: IlpReply | Error): boolean;
  has(requestId: number): boolean;
  rejectAll(error: Error): void;
}

/** How long a sent packet may take: what is left of it less 500 ms, and never under a second. */
export function replyTimeoutMs(expiresAt: Date): number {
  return Math.max(expiresAt.getTime() - Date.now() - 500, 1000);
}

export function createPendingReplies(): PendingReplies {
  const waiting = new Map<number, Waiting>();
  const take = (requestId: number): Waiting | undefined => {
    const entry = waiting.get(requestId);
    waiting.delete(requestId);
    clearTimeout(entry?.timer);
    return entry;
  };
  return {
    wait(requestId, packet, onTimeout) {
      return new Promise((resolve, reject) => {
        const ms = replyTimeoutMs(packet.expiresAt);
        const timer = setTimeout(() => take(requestId)?.reject(onTimeout(ms)), ms);
        waiting.set(requestId, { resolve, reject, timer });
      });
    },
    settle(requestId, outcome) {
      const entry = take(requestId);
      if (outcome instanceof Error) entry?.reject(outcome);
      else entry?.resolve(outcome);
      return entry !== undefined;
    },
    has: (requestId) => waiting.has(requestId),
    rejectAll(error) {
      for (const requestId of [...waiting.keys()]) take(requestId)?.reject(error);
    },
  };
}
