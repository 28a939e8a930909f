/** Request bodies of the admin API. The messages are the published connector's. */
import { z } from "zod";
import { isIlpAddress } from "./ilp";

const MAX_DATA_BYTES = 65_536;
const BAD_TIMEOUT = "timeoutMs must be a positive integer";

const text = (message: string): z.ZodString => z.string(message).min(1, message);
const prefix = (missing: string): z.ZodType<string> =>
  text(missing).superRefine((value, context) => {
    if (!isIlpAddress(value)) context.addIssue({ code: "custom", message: `Invalid ILP address prefix: ${value}` });
  });

/** POST /admin/peers. Accepts any ws:// or wss:// URL, even with a path or without a port. */
export const AddPeer = z.object({
  id: text("Missing or invalid peer id"),
  url: text("Missing or invalid peer url").regex(/^wss?:\/\//, "URL must start with ws:// or wss://"),
  authToken: z.string("authToken must be a string (can be empty for no auth)"),
  transport: z.enum(["direct", "socks5"], "transport must be 'direct' or 'socks5'").optional(),
  relation: z.enum(["parent", "peer", "child"], "relation must be 'parent', 'peer', or 'child'").optional(),
  routes: z
    .array(z.object({ prefix: prefix("Invalid route: missing prefix"), priority: z.number().optional() }))
    .optional(),
});

/** POST /admin/routes. */
export const AddRoute = z.object({
  prefix: prefix("Missing or invalid prefix"),
  nextHop: text("Missing or invalid nextHop"),
  priority: z.number().optional(),
});

/** POST /admin/ilp/send. */
export const SendPacket = z.object({
  destination: text("Missing required field: destination").superRefine((value, context) => {
    if (!isIlpAddress(value)) context.addIssue({ code: "custom", message: `Invalid ILP address: ${value}` });
  }),
  amount: z
    .string("Missing required field: amount")
    .regex(/^\d+$/, "Amount must be a non-negative integer string")
    .transform(BigInt),
  data: z
    .string("Missing required field: data")
    .refine((value) => Buffer.from(value, "base64").toString("base64") === value, {
      message: "Data must be valid base64",
      abort: true,
    })
    .transform((value) => Buffer.from(value, "base64"))
    .refine((bytes) => bytes.length <= MAX_DATA_BYTES, `Data exceeds maximum size of ${MAX_DATA_BYTES} bytes`),
  timeoutMs: z.number(BAD_TIMEOUT).int(BAD_TIMEOUT).positive(BAD_TIMEOUT).optional(),
});

/** The parsed body, or the message of its first fault. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): { value: T } | { message: string } {
  const result = schema.safeParse(body);
  return result.success ? { value: result.data } : { message: result.error.issues[0]?.message ?? "Invalid request" };
}
