import { z } from "zod";
import { ENVIRONMENTS } from "../components/core/connectorFiles";
import { GUARD_LIMITS, GUARD_RANGES, type GuardLimits } from "../components/core/guardSettings";
import { DEFAULT_SUFFIX, IdentityError, parseIdentityText, parseSeedText, SUFFIXES } from "../components/core/identity";
import { InviteError, parseInvite } from "../components/core/invite";
import { DEFAULT_MEMORY_MIB, MEMORY_RULE, memoryProblem } from "../components/core/memory";
import { ILP_PREFIX, ILP_PREFIX_RULE, NODE_ID, PEER_ID, TOWN_NAME } from "../components/core/names";
import {
  DEFAULT_TIMEOUTS,
  GIVEN_SECRET,
  isDirectUrl,
  publishedProblem,
  TIMEOUT_RANGES,
  TOPOLOGIES,
  type Timeouts,
} from "../components/core/peering";
import { Secret } from "./secret";
import { DEFAULT_RELAY_NAME, RELAY_NAME, relayKeyProblem, type RelayKeys } from "../components/core/townRelay";
import { MAX_PREFIX, MIN_PREFIX, parseSubnet } from "../components/core/subnets";

/** A message for a value that is missing, and for one of another type. */
const required = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `${input === undefined ? "is required:" : "must be"} ${what}`,
});

/** Says that an image is built on the Docker host from this project's images/ folder. */
export const BUILD = "build";

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
const mebibytes = z.number(MEMORY_RULE).refine((value) => memoryProblem(value) === undefined, MEMORY_RULE);
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

const prefix = z.string("must be an ILP address prefix, such as g.bob").regex(ILP_PREFIX, `must be ${ILP_PREFIX_RULE}`);

const HIDDEN_SERVICE = new RegExp(`\\.(${SUFFIXES.join("|")})(?::|/|$)`);

const peerSchema = z.strictObject({
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
    .describe("ILP address prefixes routed to the peer; `[g]` makes it the default route. Default: its nodeId"),
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

const identityNumber = z.int("must be a whole number from 1").min(1, "must be a whole number from 1").max(9999);

const wholeNumber = (unit: string, least: number, most: number) => {
  const rule = `must be a whole number of ${unit} from ${least} to ${most}`;
  return z.int(rule).min(least, rule).max(most, rule);
};
const timeout = (name: keyof Timeouts) =>
  wholeNumber("milliseconds", ...TIMEOUT_RANGES[name]).default(DEFAULT_TIMEOUTS[name]);
const guardLimit = (name: keyof GuardLimits, unit: string) =>
  wholeNumber(unit, ...GUARD_RANGES[name]).default(GUARD_LIMITS[name]);

const published = z.string("must be a text such as 127.0.0.1:3000").superRefine((text, context) => {
  const message = publishedProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const relaySchema = z.strictObject({
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

const townSchema = z.strictObject({
  nodeId: z
    .string(required("the connector's nodeId, such as g.home"))
    .regex(
      NODE_ID,
      "must be 1 to 63 lower-case letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit",
    )
    .describe("the connector's nodeId, such as `g.home`"),
  topology: oneOf(TOPOLOGIES)
    .default("gateway")
    .describe("where the connector and the daemon are: `docs/explanation/topologies.md` says which to choose"),
  transport: oneOf(["socks5", "direct"])
    .default("socks5")
    .describe(
      "`direct`: the whole town without ATOR, unencrypted, for a private network; it has no address and no invites",
    ),
  publish: published
    .optional()
    .describe("where peers dial a town without ATOR: an address of the Docker host and a port. Default: nowhere"),
  access: oneOf(["permissioned", "permissionless"])
    .default("permissioned")
    .describe("`permissionless`: also accepts an empty token, under any name"),
  discovery: oneOf(["open", "restricted"])
    .default("open")
    .describe("`restricted`: only declared peers can find the hidden service"),
  identity: z
    .strictObject({
      current: identityNumber.default(1).describe("the identity that is in `anonUrl` and in invites"),
      next: identityNumber
        .optional()
        .describe("the identity that the town will move to, one more; it answers too while the town moves"),
      previous: identityNumber
        .optional()
        .describe("the identity that the town has moved away from, one less; it answers too while the town moves"),
    })
    .prefault({})
    .describe("the numbers of the identities that are published"),
  timeouts: z
    .strictObject({
      btpSendMs: timeout("btpSendMs").describe(
        "how long the connector waits for an answer to a frame without an expiry",
      ),
      redialFirstMs: timeout("redialFirstMs").describe(
        "how long the launcher waits before it redials a peer that the connector gave up",
      ),
      redialMaxMs: timeout("redialMaxMs").describe("its longest wait in the first ten minutes"),
      redialSlowMs: timeout("redialSlowMs").describe("its longest wait after that"),
      packetExpiryMs: timeout("packetExpiryMs").describe("expiry of the packets that `make verify` sends to a peer"),
    })
    .prefault({})
    .describe("timeouts in whole milliseconds"),
  guard: z
    .strictObject({
      maxMessageBytes: guardLimit("maxMessageBytes", "bytes").describe("the largest message of a peer, in bytes"),
      maxUnauthenticated: guardLimit("maxUnauthenticated", "clients").describe(
        "how many clients there may be that have not authenticated",
      ),
      unauthenticatedBytes: guardLimit("unauthenticatedBytes", "bytes").describe("how many bytes each of them has"),
      unauthenticatedMs: guardLimit("unauthenticatedMs", "milliseconds").describe(
        "how many milliseconds each of them has",
      ),
    })
    .prefault({})
    .describe("what the launcher lets through the connector's door"),
  subnet: subnet
    .optional()
    .describe("IPv4 network of the town, /16 to /28, such as 10.77.0.0/27. Default: a /27 in 10.128.0.0/9"),
  logLevel: oneOf(["debug", "info", "warn", "error"]).default("info").describe("how much the connector logs"),
  memoryMiB: z
    .strictObject({
      connector: mebibytes.default(DEFAULT_MEMORY_MIB.connector).describe("of the connector"),
      sidecar: mebibytes.default(DEFAULT_MEMORY_MIB.sidecar).describe("of the sidecar"),
    })
    .prefault({})
    .describe("memory limits in MiB, without swap"),
  relay: relaySchema
    .optional()
    .describe("the town's own relay, a Nostr relay behind the connector: `docs/how-to/town-relay.md`; `{}` is one"),
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
    .default({})
    .describe("map of peers by nodeId; `{}` is a peer that is expected to dial in"),
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

/** One of a relay's keys. */
const relayKey = (kind: keyof RelayKeys) =>
  z
    .string("must be a text")
    .superRefine((text, context) => {
      const message = relayKeyProblem(kind, text);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .transform((text) => new Secret(text))
    .optional();

/** What a fingerprint looks like (identity.ts). */
const FINGERPRINT = /^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/;

/** Pulumi hands a boolean over as a text. */
const truth = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");

/** A stack's configuration by itself; the rules between its parts are in checks/. */
export const settingsSchema = z.strictObject({
  environment: oneOf(ENVIRONMENTS)
    .default("development")
    .describe(
      "the connectors' `ENVIRONMENT`. `production` accepts only a stack that keeps its data, on the public network, with images by digest, and towns that are permissioned and behind ATOR",
    ),
  keep: truth
    .optional()
    .describe("whether identities and data are protected and survive `make down`. Default: on the public network"),
  anonymous: truth
    .default(false)
    .describe(
      "whether the fingerprints of addresses are secret outputs: anyone who knows an address recognises its town by them. Default: `false`",
    ),
  suffix: oneOf(SUFFIXES)
    .default(DEFAULT_SUFFIX)
    .describe(
      "the suffix that the daemon in `images.anon` gives to addresses. The image built here uses `anon`; the sidecar refuses to start a daemon with another one",
    ),
  retired: z
    .array(
      z.string().regex(FINGERPRINT, "must be a fingerprint, such as 3f2a-91bc-0d4e-77aa"),
      "must be a list of fingerprints of addresses that you have given up",
    )
    .default([])
    .describe(
      "fingerprints of addresses that you have given up. Without an address here `up` refuses whatever would lose it, and with it whatever would publish it",
    ),
  network: oneOf(["local", "public"])
    .default("local")
    .describe("`local`: a private ATOR network inside the stack. `public`: the ATOR network"),
  localNetwork: z
    .strictObject({
      subnet: subnet
        .optional()
        .describe(
          "IPv4 network of the local ATOR relays, /16 to /28; its upper half is for sidecars. Default: a /24 in 10.64.0.0/10",
        ),
      join: z
        .string("must be the name of a stack on the same Docker host")
        .min(1, "must not be empty")
        .optional()
        .describe("the stack on the same Docker host whose local network to use instead of one of its own"),
    })
    .prefault({})
    .describe("the local ATOR network"),
  images: z
    .strictObject({
      anon: image
        .default(BUILD)
        .describe("the sidecar's image: `build` (from images/anon), or the digest reference of an image built from it"),
      connector: image
        .optional()
        .describe(
          "the connector's image: `build` (the development connector, local only), or a digest reference. Default: `build` on a local network, the published 3.10.4 on the public one",
        ),
      relay: image
        .optional()
        .describe(
          "the image of towns' relays: `build` (a stand-in, local only), or a digest reference. Default: `build` on a local network, the published one on the public one",
        ),
    })
    .prefault({})
    .describe("the images of the containers"),
  towns: z
    .record(
      z
        .string()
        .regex(TOWN_NAME, "is no name for a town: 1 to 20 lower-case letters and digits, beginning with a letter"),
      townSchema,
      required("a map from the names of towns to their settings"),
    )
    .refine((towns) => Object.keys(towns).length > 0, "must hold at least one town")
    .describe("map of towns by name: 1 to 20 lower-case letters and digits, beginning with a letter"),
  invites: z
    .record(
      z.string(),
      z.record(z.string(), secretText(parseInvite, InviteError, "an invite")),
      "must be a map of towns, each a map from peers to their invites",
    )
    .default({})
    .describe("map of towns, each a map from peers to their invites; `make accept`"),
  identities: z
    .record(
      z.string(),
      z
        .object({ seed: secretText(parseSeedText, IdentityError, "base64").optional() })
        .catchall(secretText(parseIdentityText, IdentityError, "base64")),
      "must be a map of towns, each a map from the numbers of identities to their keys",
    )
    .default({})
    .describe(
      "map of towns, each a map from the numbers of identities to adopted keys (base64 of the daemon's `hs_ed25519_secret_key` or of a 32-byte ed25519 seed), and `seed`: the town's seed, from which all other identities follow (base64 of 32 bytes); `make identity-adopt`, `make identity-restore`",
    ),
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
    .default({})
    .describe(
      "map of towns, each a map from peers to given inbound secrets, used instead of generated ones: 32 to 256 printable ASCII characters without spaces",
    ),
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
    .default({})
    .describe("map of towns, each a map from direct peers to the tokens we present; empty by default"),
  relayKeys: z
    .record(
      z.string(),
      z.strictObject({ nostr: relayKey("nostr"), settlement: relayKey("settlement") }),
      "must be a map of towns, each a map with the keys nostr and settlement of its relay",
    )
    .default({})
    .describe(
      "map of towns, each with keys that its relay has already, used instead of generated ones: `nostr`, 64 hex digits, and `settlement`, `0x` and 64 hex digits; `make identity-restore`",
    ),
});

export type ParsedSettings = z.output<typeof settingsSchema>;
export type ParsedTown = z.output<typeof townSchema>;
export type ParsedPeer = z.output<typeof peerSchema>;
