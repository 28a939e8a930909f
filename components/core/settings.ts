import { z } from "zod";
import { InviteError, parseInvite, type Invite } from "./invite";
import { ILP_PREFIX, NODE_ID, PEER_ID, TOWN_NAME } from "./names";
import { lineFor, type Problem, problemsOf } from "./problems";
import { Secret } from "./secret";
import { crossChecks } from "./settingsChecks";
import { defaultSubnet, MAX_PREFIX, MIN_PREFIX, parseSubnet } from "./subnets";

/** The namespace of this project's keys in a stack's config. */
export const NAMESPACE = "town-ator";

/**
 * The last published connector known to speak the ATOR transport: 3.10.4. Its tags are mislabelled and `:latest` is another program, so it is
 * named by digest.
 */
export const PUBLISHED_CONNECTOR =
  "ghcr.io/toon-protocol/connector@sha256:48d2160e4479aae068ebd8b735a0a063995f1f2f17308c847f3a9b6cc57b1de4";

/** Says that an image is built on the Docker host from this project's images/ folder. */
export const BUILD = "build";

/** Where a town learns how to reach a peer. A peer that is only expected dials in. */
export type PeerSource =
  | { readonly kind: "town"; readonly town: string }
  | { readonly kind: "stack"; readonly stack: string; readonly town: string }
  | { readonly kind: "invite"; readonly invite: Secret<Invite> }
  | { readonly kind: "expected" };

/** One peer of a town. */
export interface PeerSettings {
  /** The peer's nodeId. */
  readonly id: string;
  readonly relation: "parent" | "peer" | "child";
  readonly source: PeerSource;
}

/** A rule of the connector's routing table. */
export interface RouteSettings {
  readonly prefix: string;
  readonly nextHop: string;
  readonly priority: number;
}

/** One town, with every default filled in. */
export interface TownSettings {
  readonly name: string;
  readonly nodeId: string;
  readonly topology: "gateway";
  /** Whether a peer that presents no token is let in. */
  readonly access: "permissioned" | "permissionless";
  /** The town's internal network, as `10.1.2.0/27`. */
  readonly subnet: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Memory limits in MiB. */
  readonly memoryMiB: { readonly connector: number; readonly sidecar: number };
  readonly peers: readonly PeerSettings[];
  readonly routes: readonly RouteSettings[];
}

/** The whole configuration of a stack, checked and with every default filled in. */
export interface Settings {
  readonly stack: string;
  readonly network: "local" | "public";
  /** The network of the local relays, this stack's own or the one of another stack on the same Docker host; only with `network: local`. */
  readonly localNetwork: { readonly subnet: string } | { readonly join: string };
  /** Each either {@link BUILD} or a reference by digest. */
  readonly images: { readonly anon: string; readonly connector: string };
  readonly towns: readonly TownSettings[];
}

/** Every problem of a configuration at once, a line each; no line repeats a value. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  constructor(readonly lines: readonly string[]) {
    super(
      `The stack's config has ${lines.length === 1 ? "a problem" : `${lines.length} problems`}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    );
  }
}

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

const peerSchema = z.strictObject({
  relation: oneOf(["peer", "parent", "child"]).default("peer"),
  town: z.string("must be the name of another town of this stack").optional(),
  stack: z
    .strictObject({
      name: z.string("is required: a stack's full name, as pulumi stack ls --all shows it").min(1, "must not be empty"),
      town: z.string("is required: the name of a town of that stack").min(1, "must not be empty"),
    })
    .optional(),
  routes: z.array(prefix, "must be a list of ILP address prefixes").optional(),
  priority: z.int("must be a whole number").default(0),
});

const townSchema = z.strictObject({
  nodeId: z
    .string("is required: the connector's nodeId, such as g.home")
    .regex(
      NODE_ID,
      "must be 1 to 63 lower-case letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit",
    ),
  topology: oneOf(["gateway"]).default("gateway"),
  access: oneOf(["permissioned", "permissionless"]).default("permissioned"),
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
          "is no nodeId that a peer can have here: 1 to 63 letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit",
        ),
      peerSchema,
      "must be a map from the nodeIds of peers to what is known of them; {} for one that is only expected",
    )
    .default({}),
});

const inviteText = z.string("must be an invite, one line of text").transform((text, context) => {
  try {
    return new Secret(parseInvite(text));
  } catch (error) {
    if (!(error instanceof InviteError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});

const settingsSchema = z.strictObject({
  network: oneOf(["local", "public"]).default("local"),
  localNetwork: z
    .strictObject({
      subnet: subnet.optional(),
      join: z.string("must be the name of a stack on the same Docker host").min(1, "must not be empty").optional(),
    })
    .prefault({}),
  images: z.strictObject({ anon: image.optional(), connector: image.optional() }).prefault({}),
  towns: z
    .record(
      z
        .string()
        .regex(
          TOWN_NAME,
          "is no name for a town: 1 to 20 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash",
        ),
      townSchema,
      "is required: a map from the names of towns to their settings",
    )
    .refine((towns) => Object.keys(towns).length > 0, "must hold at least one town"),
  invites: z
    .record(
      z.string(),
      z.record(z.string(), inviteText),
      "must be a map of towns, each a map from peers to their invites",
    )
    .default({}),
});

/** Keys of the stack's config that hold structures; Pulumi hands these over as JSON. */
const STRUCTURED = new Set(["localNetwork", "images", "towns", "invites"]);

/**
 * Checks a stack's configuration and fills in the defaults. `config` maps full keys (`town-ator:towns`) to values as Pulumi hands them to a
 * program, secrets in plain text among them; keys of other namespaces are not ours. `secretKeys`, where the caller knows them, are the keys whose values are encrypted.
 *
 * Throws a {@link SettingsError} that lists every problem.
 */
export function parseSettings(
  config: Readonly<Record<string, string>>,
  stack: string,
  secretKeys?: readonly string[],
): Settings {
  const problems: Problem[] = [];
  const raw = ownKeys(config, problems);
  const result = settingsSchema.safeParse(raw);
  const unread = new Set(problems.map(({ path }) => path[0]));
  const issues = (result.error?.issues ?? []).filter(({ path }) => path.length === 0 || !unread.has(path[0]));
  problems.push(...problemsOf(issues, settingsSchema), ...crossChecks(raw, stack));
  if (secretKeys && Object.keys(raw["invites"] ?? {}).length > 0 && !secretKeys.includes(`${NAMESPACE}:invites`)) {
    problems.push({
      path: ["invites"],
      message: "must be secret: take it out and use `make accept`, or pulumi config set --secret --path",
    });
  }
  if (problems.length > 0 || !result.success) throw new SettingsError(problems.map(lineFor).sort());
  return withDefaults(result.data, stack);
}

function ownKeys(config: Readonly<Record<string, string>>, problems: Problem[]): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(config)) {
    if (!key.startsWith(`${NAMESPACE}:`)) continue;
    const name = key.slice(NAMESPACE.length + 1);
    raw[name] = text;
    if (!STRUCTURED.has(name)) continue;
    try {
      raw[name] = JSON.parse(text);
    } catch {
      problems.push({ path: [name], message: "must be a map, not a text" });
      delete raw[name];
    }
  }
  return raw;
}

function withDefaults(parsed: z.output<typeof settingsSchema>, stack: string): Settings {
  return {
    stack,
    network: parsed.network,
    localNetwork:
      parsed.localNetwork.join === undefined
        ? { subnet: parsed.localNetwork.subnet ?? defaultSubnet(stack) }
        : { join: parsed.localNetwork.join },
    images: {
      anon: parsed.images.anon ?? BUILD,
      connector: parsed.images.connector ?? (parsed.network === "local" ? BUILD : PUBLISHED_CONNECTOR),
    },
    towns: Object.entries(parsed.towns)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, town]) => townWithDefaults(name, town, parsed.invites[name] ?? {}, stack)),
  };
}

function townWithDefaults(
  name: string,
  town: z.output<typeof townSchema>,
  invites: Readonly<Record<string, Secret<Invite>>>,
  stack: string,
): TownSettings {
  const { peers, ...rest } = town;
  const sorted = Object.entries(peers).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...rest,
    name,
    subnet: town.subnet ?? defaultSubnet(stack, name),
    peers: sorted.map(([id, peer]) => ({ id, relation: peer.relation, source: sourceOf(peer, invites[id]) })),
    routes: [
      { prefix: town.nodeId, nextHop: town.nodeId, priority: 0 },
      ...sorted.flatMap(([id, peer]) =>
        routesThrough(id, peer.routes).map((prefix) => ({ prefix, nextHop: id, priority: peer.priority })),
      ),
    ],
  };
}

/** The prefixes that lead to a peer: those that are asked for, or else its own nodeId, where that is an ILP address. */
export function routesThrough(id: string, routes: readonly string[] | undefined): readonly string[] {
  return routes ?? (ILP_PREFIX.test(id) ? [id] : []);
}

function sourceOf({ town, stack }: z.output<typeof peerSchema>, invite: Secret<Invite> | undefined): PeerSource {
  if (town !== undefined) return { kind: "town", town };
  if (stack !== undefined) return { kind: "stack", stack: stack.name, town: stack.town };
  return invite === undefined ? { kind: "expected" } : { kind: "invite", invite };
}
