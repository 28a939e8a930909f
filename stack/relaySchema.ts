import { z } from "zod";
import { DEFAULT_MEMORY_MIB } from "../components/core/memory";
import { DEFAULT_RELAY_NAME, RELAY_NAME, relayKeyProblem, type RelayKeys } from "../components/core/townRelay";
import { Secret } from "./secret";
import { checked, HIDDEN_SERVICE, mebibytes, published, wholeNumber } from "./schemaParts";

/** What a stack's config says of a town's own relay. */
export const relaySchema = z.strictObject({
  name: z
    .string("must be a text such as relay")
    .regex(RELAY_NAME, "must be lower-case letters, digits, dashes and underscores, such as relay")
    .default(DEFAULT_RELAY_NAME)
    .describe("the relay's nodeId and ILP address are the town's nodeId, a dot and this"),
  feePerEvent: wholeNumber("units", 0, Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe("what an event costs, in units of the ILP ledger"),
  publish: published
    .optional()
    .describe("where clients read events: an address of the Docker host and a port. Default: nowhere"),
  publicUrl: z
    .string("must be a text such as wss://relay.example.org")
    .regex(/^wss?:\/\/[^\s/@]+(\/\S*)?$/, "must be ws:// or wss:// and a host, such as wss://relay.example.org")
    .refine(
      (text) => !HIDDEN_SERVICE.test(text),
      "holds an address, which is secret: take it out, and treat it as leaked",
    )
    .optional()
    .describe("where the relay says that clients find it. Default: it does not say"),
  memoryMiB: mebibytes.default(DEFAULT_MEMORY_MIB.relay).describe("memory limit in MiB, without swap"),
});

/** One of a relay's keys. */
export const relayKey = (kind: keyof RelayKeys) =>
  checked("must be a text", (text) => relayKeyProblem(kind, text))
    .transform((text) => new Secret(text))
    .optional();
