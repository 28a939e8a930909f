import { z } from "zod";
import {
  IdentityError,
  numbersProblem,
  parseIdentityText,
  parseSeedText,
  published,
  SUFFIXES,
  type Identity,
  type Suffix,
} from "../../../components/core/identity";
import { InviteError, parseInvite } from "../../../components/core/invite";
import { GIVEN_SECRET } from "../../../components/core/peering";
import { NODE_ID, PEER_ID, TOWN_NAME } from "../../../components/core/names";
import { relayKeyProblem, type RelayKeys } from "../../../components/core/townRelay";
import { UserError } from "../../console/project";
import { unlessRefused } from "../../console/unlessRefused";
import { identitiesOf } from "./known";

/** What every backup says of itself. */
const FORMAT = "town-ator-backup";
const VERSION = 3;
/** The versions that can be read. The first had every key of a town, and no seed; the second no relay. */
const VERSIONS = [1, 2, VERSION] as const;

const fingerprint = z.string().regex(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
const numberText = z.string().regex(/^[1-9]\d{0,3}$/);
const number = z.int().min(1).max(9999);

const identity = z
  .strictObject({ current: number, next: number.exactOptional(), previous: number.exactOptional() })
  .refine((numbers) => numbersProblem(numbers) === undefined, "are no identities that a town can have at once");

/** A text that `parse` takes; it refuses one by an error of the class `refusal`. */
const readable = (parse: (text: string) => unknown, refusal: new (message: string) => Error) =>
  z.string().superRefine((text, context) => {
    try {
      parse(text);
    } catch (error) {
      if (!(error instanceof refusal)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });

/**
 * The daemon's file as base64 in one line. A seed is none: restoring must not depend on how this program expands it.
 */
const keyFile = readable((text) => {
  if (parseIdentityText(text).toString("base64") !== text)
    throw new IdentityError("is not base64 of a key file in one line");
}, IdentityError);
const seed = readable(parseSeedText, IdentityError);
const relayKey = (kind: keyof RelayKeys) =>
  z.string().refine((text) => relayKeyProblem(kind, text) === undefined, "is no key of a relay");
const invite = readable(parseInvite, InviteError);
const peer = z.string().regex(PEER_ID);
const townName = z.string().regex(TOWN_NAME);

const town = z
  .strictObject({
    nodeId: z.string().regex(NODE_ID),
    /** Of a town without ATOR, which publishes no identity. */
    transport: z.literal("direct").exactOptional(),
    identity,
    seed: seed.exactOptional(),
    keys: z.record(numberText, keyFile),
    fingerprints: z.record(numberText, fingerprint).default({}),
    secrets: z.record(peer, z.string().regex(GIVEN_SECRET)),
    /** The keys of its own relay, made or given. */
    relay: z.strictObject({ nostr: relayKey("nostr"), settlement: relayKey("settlement") }).exactOptional(),
  })
  .refine(
    ({ transport, identity, seed, keys }) =>
      transport === "direct" || seed !== undefined || published(identity).every((wanted) => `${wanted}` in keys),
    "lacks the key of an identity that is published",
  );

const backup = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSIONS),
  stack: z.string().min(1),
  made: z.iso.datetime(),
  suffix: z.enum(SUFFIXES),
  retired: z.array(fingerprint),
  towns: z.record(townName, town).refine((towns) => Object.keys(towns).length > 0, "holds no town"),
  invites: z.record(townName, z.record(peer, invite)),
  tokens: z.record(townName, z.record(peer, z.string().regex(/^[\x21-\x7e]*$/))),
});

/**
 * What a backup holds of a stack: what cannot be made again. Of each town the seed, the adopted keys as base64 key
 * files by number, and the fingerprints of all its addresses, by which a restore proves that it derives the same ones.
 */
export type Backup = z.output<typeof backup>;
export type BackupTown = z.output<typeof town>;

/** All identities of a town in a backup, by number. */
export function identitiesIn({ identity, seed, keys }: BackupTown, suffix: Suffix): Map<number, Identity> {
  const bytes = (text: string) => Buffer.from(text, "base64");
  const files = new Map(Object.entries(keys).map(([number, text]) => [Number(number), bytes(text)]));
  return identitiesOf({ identity, seed: seed === undefined ? undefined : bytes(seed), keys: files }, suffix);
}

/** A backup as text, to be encrypted. */
export function formatBackup(content: Omit<Backup, "format" | "version">): string {
  return JSON.stringify(backup.parse({ format: FORMAT, version: VERSION, ...content }));
}

/**
 * Reads a decrypted backup. Every part of it is checked. Throws a UserError that begins with `name`, lists what is
 * wrong by its place, and repeats no value.
 */
export function parseBackup(text: string, name: string): Backup {
  const content = unlessRefused(SyntaxError, () => JSON.parse(text) as unknown);
  const { format, version } = (content ?? {}) as { format?: unknown; version?: unknown };
  if (format !== FORMAT) throw new UserError(`${name} holds no backup of this program; nothing is changed.`);
  if (typeof version === "number" && !VERSIONS.some((known) => known === version))
    throw new UserError(
      `${name} is a backup of version ${version}; this program reads versions ${VERSIONS.join(", ")}. Nothing is changed.`,
    );
  const result = backup.safeParse(content);
  if (result.success) return withItsAddresses(result.data, name);
  // A place's name may come from the file, and zod's messages from its values, so only ours are shown, and of names
  // only those that could be names.
  const lines = result.error.issues.map(
    ({ path, message, code }) => `  ${place(path)} ${code === "custom" ? message : "is not right"}`,
  );
  throw damaged(name, lines);
}

/** Throws a UserError if a seed or key makes another address here than where the backup was made. */
function withItsAddresses(content: Backup, name: string): Backup {
  const lines = Object.entries(content.towns).flatMap(([of, town]) =>
    [...identitiesIn(town, content.suffix)].flatMap(([number, { fingerprint }]) =>
      (town.fingerprints[number] ?? fingerprint) === fingerprint
        ? []
        : [`  towns.${of}.fingerprints.${number} is not ${fingerprint}, which the seed or the key makes`],
    ),
  );
  if (lines.length > 0) throw damaged(name, lines);
  return content;
}

function damaged(name: string, lines: readonly string[]): UserError {
  return new UserError(
    `${name} is damaged or was made by another program; nothing is changed:\n${[...new Set(lines)].join("\n")}`,
  );
}

function place(path: readonly PropertyKey[]): string {
  const names = path.map(String);
  return names.every((name) => PEER_ID.test(name)) && names.length > 0 ? names.join(".") : "something in it";
}
