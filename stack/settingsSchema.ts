import { z } from "zod";
import { ENVIRONMENTS } from "../components/core/connectorFiles";
import { GUARD_LIMITS, GUARD_RANGES, type GuardLimits } from "../components/core/guardSettings";
import { DEFAULT_SUFFIX, IdentityError, parseIdentityText, parseSeedText, SUFFIXES } from "../components/core/identity";
import { InviteError, parseInvite } from "../components/core/invite";
import { DEFAULT_MEMORY_MIB } from "../components/core/memory";
import { NODE_ID, nodeIdProblem, PEER_ID, peerIdProblem, STACK_NAME, TOWN_NAME } from "../components/core/names";
import { DEFAULT_TIMEOUTS, GIVEN_SECRET, TIMEOUT_RANGES, TOPOLOGIES, type Timeouts } from "../components/core/peering";
import { Secret } from "./secret";
import { peerSchema } from "./peerSchema";
import { relayKey, relaySchema } from "./relaySchema";
import { mebibytes, oneOf, published, required, says, subnet, wholeNumber } from "./schemaParts";

/** Says that an image is built on the Docker host from this project's images/ folder. */
export const BUILD = "build";

const byDigest = /^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$/;
const image = z
  .string("must be a text")
  .refine(
    (text) => text === BUILD || byDigest.test(text),
    `must be "${BUILD}" or a reference by digest, name@sha256:<64 hex digits>: a tag can change behind your back`,
  );

const identityNumber = z.int("must be a whole number from 1").min(1, "must be a whole number from 1").max(9999);

const timeout = (name: keyof Timeouts) =>
  wholeNumber("milliseconds", ...TIMEOUT_RANGES[name]).default(DEFAULT_TIMEOUTS[name]);
const guardLimit = (name: keyof GuardLimits, unit: string) =>
  wholeNumber(unit, ...GUARD_RANGES[name]).default(GUARD_LIMITS[name]);

const townSchema = z.strictObject({
  nodeId: z
    .string(required("the connector's nodeId, such as g.home"))
    .regex(NODE_ID, says(nodeIdProblem))
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
    .describe("`permissionless`: also accepts an empty token, under any name but a declared peer's"),
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
      z.string().regex(
        PEER_ID,
        says((id) => `is not a nodeId that a peer can have here: it ${peerIdProblem(id)}`),
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

/** What a fingerprint looks like (identity.ts). */
const FINGERPRINT = /^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/;

/** Pulumi hands a boolean over as a text. */
const truth = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");

const JOINED_STACK = "must be the short name of a stack on the same Docker host, as in Pulumi.<name>.yaml";

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
        .string(JOINED_STACK)
        .regex(STACK_NAME, JOINED_STACK)
        .optional()
        .describe(
          "the short name of the stack on the same Docker host whose local network to use instead of one of its own",
        ),
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
