import { isIPv4 } from "node:net";
import { z } from "zod";
import { DEFAULT_SUFFIX, IdentityError, parseIdentityText, parseSeedText, SUFFIXES } from "../components/core/identity";
import { InviteError, parseInvite } from "../components/core/invite";
import { ILP_PREFIX, NODE_ID, PEER_ID, TOWN_NAME } from "../components/core/names";
import { DEFAULT_TIMEOUTS, GIVEN_SECRET } from "../components/core/peering";
import { Secret } from "../components/core/secret";
import { MAX_PREFIX, MIN_PREFIX, parseSubnet } from "../components/core/subnets";

/** A message for a value that is missing, and for one of another type. */
const required = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `${input === undefined ? "is required:" : "must be"} ${what}`,
});

/** Says that an image is built on the Docker host from this project's images/ folder. */
export const BUILD = "build";

/** Keys whose values must be encrypted, each with how to set one. */
export const SECRET_KEYS = {
  identities: "remove it and use `make identity-adopt`",
  secrets: "remove it and set all of them at once, as JSON, with pulumi config set --secret",
  tokens: "remove it and set all of them at once, as JSON, with pulumi config set --secret",
  invites: "remove it and use `make accept`",
} as const;

const byDigest = /^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$/;
const subnet = z
  .string("must be a text such as 10.77.0.0/27")
  .refine(
    (text) => parseSubnet(text) !== undefined,
    `must be an IPv4 network of /${MIN_PREFIX} to /${MAX_PREFIX} without host bits, such as 10.77.0.0/27`,
  );
const image = z
  .string("must be a text")
  .refine(
    (text) => text === BUILD || byDigest.test(text),
    `must be "${BUILD}" or a reference by digest, name@sha256:<64 hex digits>: a tag can change behind your back`,
  );
const mebibytes = (least: number) => {
  const rule = `must be a whole number of MiB from ${least} to 65536`;
  return z.int(rule).min(least, rule).max(65536, rule);
};
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

const prefix = z
  .string("must be an ILP address prefix, such as g.bob")
  .regex(
    ILP_PREFIX,
    "must be an ILP address prefix of lower-case letters, digits, dots, dashes and underscores, such as g.bob",
  );

function isDirectUrl(text: string): boolean {
  const match = /^ws:\/\/((?:\d{1,3}\.){3}\d{1,3}):([1-9]\d{0,4})$/.exec(text);
  return match !== null && Number(match[2]) <= 65535 && isIPv4(match[1]!);
}

const peerSchema = z.strictObject({
  relation: oneOf(["peer", "parent", "child"]).default("peer"),
  town: z.string("must be the name of another town of this stack").optional(),
  stack: z
    .strictObject({
      name: z.string(required("a stack's full name, as pulumi stack ls --all shows it")).min(1, "must not be empty"),
      town: z.string(required("the name of a town of that stack")).min(1, "must not be empty"),
    })
    .optional(),
  routes: z.array(prefix, "must be a list of ILP address prefixes").optional(),
  priority: z.int("must be a whole number").default(0),
  transport: oneOf(["socks5", "direct"]).default("socks5"),
  url: z
    .string("must be a text such as ws://10.77.0.9:3000")
    .refine(isDirectUrl, "must be ws://<IPv4 address>:<port from 1 to 65535>")
    .optional(),
  secretVersion: z
    .int("must be a whole number from 1; a higher one makes a new secret")
    .min(1, "must be a whole number from 1; a higher one makes a new secret")
    .default(1),
});

const identityNumber = z.int("must be a whole number from 1").min(1, "must be a whole number from 1").max(9999);

/** Milliseconds. */
const milliseconds = (least: number, most: number) => {
  const rule = `must be a whole number of milliseconds from ${least} to ${most}`;
  return z.int(rule).min(least, rule).max(most, rule);
};

const townSchema = z.strictObject({
  nodeId: z
    .string(required("the connector's nodeId, such as g.home"))
    .regex(
      NODE_ID,
      "must be 1 to 63 lower-case letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit",
    ),
  topology: oneOf(["gateway"]).default("gateway"),
  access: oneOf(["permissioned", "permissionless"]).default("permissioned"),
  discovery: oneOf(["open", "restricted"]).default("open"),
  identity: z
    .strictObject({
      current: identityNumber.default(1),
      next: identityNumber.optional(),
      previous: identityNumber.optional(),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      btpSendMs: milliseconds(1000, 600_000).default(DEFAULT_TIMEOUTS.btpSendMs),
      redialFirstMs: milliseconds(1000, 60_000).default(DEFAULT_TIMEOUTS.redialFirstMs),
      redialMaxMs: milliseconds(5000, 600_000).default(DEFAULT_TIMEOUTS.redialMaxMs),
      redialSlowMs: milliseconds(30_000, 3_600_000).default(DEFAULT_TIMEOUTS.redialSlowMs),
      packetExpiryMs: milliseconds(2000, 60_000).default(DEFAULT_TIMEOUTS.packetExpiryMs),
    })
    .prefault({}),
  subnet: subnet.optional(),
  logLevel: oneOf(["debug", "info", "warn", "error"]).default("info"),
  memoryMiB: z
    .strictObject({ connector: mebibytes(64).default(256), sidecar: mebibytes(64).default(128) })
    .prefault({}),
  peers: z
    .record(
      z
        .string()
        .regex(
          PEER_ID,
          "is not a nodeId that a peer can have here: 1 to 63 letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit",
        ),
      peerSchema,
      "must be a map from the nodeIds of peers to what is known of them; {} for one that is only expected",
    )
    .default({}),
});

/** A secret text that is read by `parse`, which refuses one by an error of the class `refusal`. */
const secretText = <T>(parse: (text: string) => T, refusal: new (message: string) => Error, what: string) =>
  z.string(`must be ${what}, one line of text`).transform((text, context) => {
    try {
      return new Secret(parse(text));
    } catch (error) {
      if (!(error instanceof refusal)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });

/** What a fingerprint looks like (identity.ts). */
const FINGERPRINT = /^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/;

/** Pulumi hands a boolean over as a text. */
const truth = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");

/** A stack's configuration by itself; the rules between its parts are in checks/. */
export const settingsSchema = z.strictObject({
  keep: truth.optional(),
  suffix: oneOf(SUFFIXES).default(DEFAULT_SUFFIX),
  retired: z
    .array(
      z.string().regex(FINGERPRINT, "must be a fingerprint, such as 3f2a-91bc-0d4e-77aa"),
      "must be a list of fingerprints of addresses that you have given up",
    )
    .default([]),
  network: oneOf(["local", "public"]).default("local"),
  localNetwork: z
    .strictObject({
      subnet: subnet.optional(),
      join: z.string("must be the name of a stack on the same Docker host").min(1, "must not be empty").optional(),
    })
    .prefault({}),
  images: z.strictObject({ anon: image.default(BUILD), connector: image.optional() }).prefault({}),
  towns: z
    .record(
      z
        .string()
        .regex(TOWN_NAME, "is no name for a town: 1 to 20 lower-case letters and digits, beginning with a letter"),
      townSchema,
      required("a map from the names of towns to their settings"),
    )
    .refine((towns) => Object.keys(towns).length > 0, "must hold at least one town"),
  invites: z
    .record(
      z.string(),
      z.record(z.string(), secretText(parseInvite, InviteError, "an invite")),
      "must be a map of towns, each a map from peers to their invites",
    )
    .default({}),
  identities: z
    .record(
      z.string(),
      z
        .object({ seed: secretText(parseSeedText, IdentityError, "base64").optional() })
        .catchall(secretText(parseIdentityText, IdentityError, "base64")),
      "must be a map of towns, each a map from the numbers of identities to their keys",
    )
    .default({}),
  secrets: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z
          .string("must be a text")
          .regex(GIVEN_SECRET, "must be 32 to 256 printable ASCII characters without spaces")
          .transform((text) => new Secret(text)),
      ),
      "must be a map of towns, each a map from peers to the secrets that they present",
    )
    .default({}),
  tokens: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z
          .string("must be a text")
          .regex(/^[\x21-\x7e]*$/, "must be printable ASCII characters without spaces")
          .transform((text) => new Secret(text)),
      ),
      "must be a map of towns, each a map from direct peers to the tokens that they ask for",
    )
    .default({}),
});

export type ParsedSettings = z.output<typeof settingsSchema>;
export type ParsedTown = z.output<typeof townSchema>;
export type ParsedPeer = z.output<typeof peerSchema>;
