import { z } from "zod";
import { ILP_PREFIX, ILP_PREFIX_RULE } from "../components/core/names";
import { isDirectUrl } from "../components/core/peering";
import { HIDDEN_SERVICE, oneOf, required } from "./schemaParts";

const prefix = z.string("must be an ILP address prefix, such as g.bob").regex(ILP_PREFIX, `must be ${ILP_PREFIX_RULE}`);

/** What a stack's config says of one peer of a town. */
export const peerSchema = z.strictObject({
  relation: oneOf(["peer", "parent", "child"]).default("peer").describe("what the peer is to this town"),
  town: z
    .string("must be the name of another town of this stack")
    .optional()
    .describe("the peer is this town of the same stack; each dials the other"),
  stack: z
    .strictObject({
      name: z
        .string(required("a stack's full name, as pulumi stack ls --all shows it"))
        .min(1, "must not be empty")
        .describe("the stack's full name, as `pulumi stack ls --all` shows it"),
      town: z
        .string(required("the name of a town of that stack"))
        .min(1, "must not be empty")
        .describe("the town of that stack"),
    })
    .optional()
    .describe("the peer is a town of another stack, found through that stack's outputs"),
  routes: z
    .array(prefix, "must be a list of ILP address prefixes")
    .optional()
    .describe(
      "ILP address prefixes routed to the peer; `[g]` makes it the default route. Default: its nodeId, or none where that is no ILP address prefix",
    ),
  transport: oneOf(["socks5", "direct"])
    .default("socks5")
    .describe("`direct`: without ATOR, on the town's network; needs `url`"),
  url: z
    .string("must be a text such as ws://10.77.0.9:3000")
    .refine(isDirectUrl, {
      error: ({ input }) =>
        HIDDEN_SERVICE.test(String(input))
          ? "holds an address, which is secret: take it out, treat it as leaked, and give it to `make accept`, with the peer's token"
          : "must be ws://<IPv4 address>:<port from 1 to 65535>",
    })
    .optional()
    .describe(
      "where a direct peer is dialled: `ws://<IPv4 address>:<port>`; of a town with ATOR an address in its `subnet`",
    ),
  secretVersion: z
    .int("must be a whole number from 1; a higher one makes a new secret")
    .min(1, "must be a whole number from 1; a higher one makes a new secret")
    .default(1)
    .describe("raise it to make a new inbound secret for this peer; the old one is refused at once"),
});
