import type { IlpPrepare, IlpReply } from "./ilp";

interface Waiting {
  resolve: (reply: IlpReply) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** Packets sent but not yet answered, by BTP request id. */
export interface PendingReplies {
  /** Resolves with the answer; rejects with `onTimeout(waited ms)` when the packet's time is up. */
  wait(requestId: number, packet: IlpPrepare, onTimeout: (ms: number) => Error): Promise<IlpReply>;
  /** Settles one packet. False if no packet with that id is waiting. */
  settle(requestId: number, outcome: IlpReply | Error): boolean;
  has(requestId: number): boolean;
  rejectAll(error: Error): void;
}

/** How long to wait for an answer, in ms: the time until expiry minus 500, and at least 1000. */
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
