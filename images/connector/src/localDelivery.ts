/** Packets for this node itself: answered by an application over HTTP, or fulfilled at once if there is none. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { LocalDeliveryConfig } from "./configTypes";
import { fulfillPacket, rejectPacket, type IlpPrepare, type IlpReply } from "./ilp";
import { messageOf, type Logger } from "./logger";

/** An application's reject codes as ILP codes. Any other code becomes F99. */
const REJECT_CODES: Record<string, string> = {
  insufficient_funds: "T04",
  expired: "R00",
  unreachable: "F02",
  invalid_request: "F00",
  invalid_amount: "F03",
  insufficient_destination_amount: "F04",
  unexpected_payment: "F06",
  application_error: "F99",
  internal_error: "T00",
  timeout: "T00",
};

const DEFAULT_TIMEOUT_MS = 30_000;
/** ILP's limit on a packet's data. An answer with more is sent without data. */
const MAX_DATA_BYTES = 32_768;

const Answer = z.object({
  accept: z.boolean(),
  data: z.string().optional(),
  rejectReason: z.object({ code: z.string(), message: z.string().optional() }).optional(),
});

export interface LocalDelivery {
  handlerUrl: string;
  timeoutMs: number;
}

/**
 * Where local packets go, from the file's section, then LOCAL_DELIVERY_ENABLED, _URL and _TIMEOUT. Undefined means they
 * are fulfilled at once. Throws if enabled without a URL; the loader notices that only in standalone mode.
 */
export function localDelivery(
  section: LocalDeliveryConfig | undefined,
  env: Record<string, string | undefined>,
): LocalDelivery | undefined {
  if (!section?.enabled && env.LOCAL_DELIVERY_ENABLED !== "true") return undefined;
  const handlerUrl = section?.handlerUrl ?? env.LOCAL_DELIVERY_URL;
  if (typeof handlerUrl !== "string" || handlerUrl === "") {
    throw new Error("LOCAL_DELIVERY_URL is required when local delivery is enabled");
  }
  const timeoutMs = Number(section?.timeout ?? env.LOCAL_DELIVERY_TIMEOUT ?? DEFAULT_TIMEOUT_MS);
  return { handlerUrl, timeoutMs };
}

/** The answer to a packet when there is no application. */
export function autoFulfill(): IlpReply {
  return fulfillPacket(Buffer.from("Local delivery - auto-fulfill stub"));
}

/** Posts the packet to `<handlerUrl>/handle-packet`. Never throws: a failure becomes a reject. */
export async function deliver(
  { handlerUrl, timeoutMs }: LocalDelivery,
  packet: IlpPrepare,
  logger: Logger,
): Promise<IlpReply> {
  const paymentId = randomBytes(16).toString("base64url");
  const body = {
    paymentId,
    destination: packet.destination,
    amount: packet.amount.toString(),
    expiresAt: packet.expiresAt.toISOString(),
    ...(packet.data.length > 0 && { data: packet.data.toString("base64") }),
  };
  try {
    const response = await fetch(`${handlerUrl}/handle-packet`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) {
      return rejectPacket("T00", `App handler returned status ${response.status}: ${await response.text()}`, "");
    }
    return toReply(await response.json());
  } catch (error) {
    logger.error(
      { paymentId, destination: packet.destination, error: messageOf(error) },
      "Failed to forward packet to app handler",
    );
    return error instanceof Error && error.name === "TimeoutError"
      ? rejectPacket("R00", "App handler request timed out", "")
      : rejectPacket("T00", messageOf(error), "");
  }
}

function toReply(json: unknown): IlpReply {
  const answer = Answer.safeParse(json);
  if (!answer.success) return rejectPacket("T00", "Malformed response from app handler", "");
  const { accept, data, rejectReason } = answer.data;
  if (accept) return fulfillPacket(usableData(data));
  const code = REJECT_CODES[rejectReason?.code ?? ""] ?? "F99";
  return { ...rejectPacket(code, rejectReason?.message ?? "Payment rejected", ""), data: usableData(data) };
}

function usableData(data: string | undefined): Buffer {
  const bytes = Buffer.from(data ?? "", "base64");
  return bytes.toString("base64") === data && bytes.length <= MAX_DATA_BYTES ? bytes : Buffer.alloc(0);
}
