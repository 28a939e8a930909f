import { type EnvironmentName, PUBLISHED_CONNECTOR } from "../components/core/connectorFiles";
import { PUBLISHED_TOWN_RELAY, type RelayKeys } from "../components/core/townRelay";
import type { GuardLimits } from "../components/core/guardSettings";
import type { IdentityNumbers, Suffix } from "../components/core/identity";
import type { Invite } from "../components/core/invite";
import { routesThrough, type Relation, type Route, type Timeouts, type Topology } from "../components/core/peering";
import { Secret } from "./secret";
import { identityRules } from "./checks/identities";
import { networkRules } from "./checks/networks";
import { relayRules } from "./checks/relays";
import { peerRules } from "./checks/peers";
import { productionRules } from "./checks/production";
import { brokenRules } from "./checks/rules";
import { own, parseParts } from "./parts";
import { NAMESPACE, SECRET_KEYS } from "./configKeys";
import { lineFor, type Problem, problemsOf } from "./problems";
import { BUILD, settingsSchema, type ParsedPeer, type ParsedSettings, type ParsedTown } from "./settingsSchema";
import { defaultLocalSubnet, defaultSubnets } from "../components/core/subnets";
import { UserError } from "../components/core/userError";

export { BUILD };

/** Where a town learns how to reach a peer. A peer that is only expected dials in. */
export type PeerSource =
  | { readonly kind: "town"; readonly town: string }
  | { readonly kind: "stack"; readonly stack: string; readonly town: string }
  | { readonly kind: "invite"; readonly invite: Secret<Invite> }
  | { readonly kind: "direct"; readonly url: string; readonly token: Secret }
  | { readonly kind: "expected" };

/** One peer of a town. */
export interface PeerSettings {
  /** The peer's nodeId. */
  readonly id: string;
  readonly relation: Relation;
  readonly source: PeerSource;
  /** From 1; another one makes a new inbound secret, unless that is given. */
  readonly secretVersion: number;
  /** The inbound secret, where the operator gives it; otherwise one is made. */
  readonly given?: Secret;
}

/** The town's own relay. */
export interface RelaySettings {
  /** The last label of its nodeId. */
  readonly name: string;
  readonly feePerEvent: number;
  /** Where clients read events, `<address>:<port>`, if anywhere. */
  readonly publish?: string | undefined;
  readonly publicUrl?: string | undefined;
  readonly memoryMiB: number;
  /** The keys that the operator gives; the others are made. */
  readonly keys: { readonly [Key in keyof RelayKeys]?: Secret | undefined };
}

/** One town, with every default filled in. */
export interface TownSettings {
  readonly name: string;
  readonly nodeId: string;
  readonly topology: Topology;
  /** Whether peers are reached through ATOR, or without it. */
  readonly transport: "socks5" | "direct";
  /** Where a town without ATOR is dialled, `<address>:<port>`, if anywhere. */
  readonly publish?: string | undefined;
  /** Whether a peer that presents no token is let in. */
  readonly access: "permissioned" | "permissionless";
  /** Who can find the hidden service: anyone who knows its address, or invited peers only. */
  readonly discovery: "open" | "restricted";
  readonly identity: IdentityNumbers;
  /**
   * The key files of adopted identities, 96 bytes each, by number; every other number's identity follows from the
   * town's seed.
   */
  readonly adopted: ReadonlyMap<number, Secret<Buffer>>;
  /** The seed, 32 bytes, where the operator gives it; otherwise the state's. */
  readonly seed?: Secret<Buffer>;
  readonly timeouts: Timeouts;
  readonly guard: GuardLimits;
  /** The town's internal network, as `10.1.2.0/27`. */
  readonly subnet: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Memory limits in MiB. */
  readonly memoryMiB: { readonly connector: number; readonly sidecar: number };
  readonly peers: readonly PeerSettings[];
  readonly routes: readonly Route[];
  readonly relay?: RelaySettings;
}

/** The whole configuration of a stack, checked and with every default filled in. */
export interface Settings {
  readonly stack: string;
  /** What the connectors are run for; `production` has rules of its own. */
  readonly environment: EnvironmentName;
  /** Whether identities and data are protected and outlive the stack. */
  readonly keep: boolean;
  /** Whether the fingerprints of addresses are secret too. */
  readonly anonymous: boolean;
  /** What the daemon appends to an address. */
  readonly suffix: Suffix;
  /** Fingerprints of addresses that the operator has given up. */
  readonly retired: readonly string[];
  readonly network: "local" | "public";
  /**
   * The network of the local relays, this stack's own or the one of another stack on the same Docker host; only with
   * `network: local`.
   */
  readonly localNetwork: { readonly subnet: string } | { readonly join: string };
  /** Each either {@link BUILD} or a reference by digest. */
  readonly images: { readonly anon: string; readonly connector: string; readonly relay: string };
  readonly towns: readonly TownSettings[];
}

/** Every problem of a configuration at once, a line each; no line repeats a value. */
export class SettingsError extends UserError {
  override readonly name = "SettingsError";

  constructor(readonly lines: readonly string[]) {
    super(
      `The stack's config has ${lines.length === 1 ? "a problem" : `${lines.length} problems`}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    );
  }
}

const RULES = [networkRules, peerRules, identityRules, relayRules, productionRules];

/** Keys of the stack's config that hold structures; Pulumi hands these over as JSON. */
const STRUCTURED = new Set(["localNetwork", "images", "towns", "retired", ...Object.keys(SECRET_KEYS)]);

/**
 * Checks a stack's configuration and fills in the defaults. `config` maps full keys (`town-ator:towns`) to values as
 * Pulumi hands them to a program, secrets in plain text among them; keys of other namespaces are not ours.
 * `secretKeys`, where the caller knows them, are the keys whose values are encrypted.
 *
 * Throws a {@link SettingsError} that lists every problem.
 */
export function parseSettings(
  config: Readonly<Record<string, string>>,
  stack: string,
  secretKeys?: readonly string[],
): Settings {
  const given = ownKeys(config);
  const { data, error } = settingsSchema.safeParse(given);
  const problems: Problem[] = [
    ...problemsOf(error?.issues ?? [], settingsSchema),
    ...brokenRules(RULES, data ?? parseParts(settingsSchema, given), stack),
    ...(secretKeys ? plainSecrets(given, secretKeys) : []),
  ];
  if (data === undefined || problems.length > 0) throw new SettingsError(problems.map(lineFor).sort());
  return withDefaults(data, stack);
}

/** This project's keys without their namespace, structures read. */
function ownKeys(config: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, text]) => {
      if (!key.startsWith(`${NAMESPACE}:`)) return [];
      const name = key.slice(NAMESPACE.length + 1);
      return [[name, STRUCTURED.has(name) ? structure(text) : text]];
    }),
  );
}

/** The structure that a text is as JSON; any other text is left to the schema to refuse. */
function structure(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function plainSecrets(given: Readonly<Record<string, unknown>>, secretKeys: readonly string[]): Problem[] {
  return Object.entries(SECRET_KEYS).flatMap(([key, way]) =>
    Object.keys(given[key] ?? {}).length > 0 && !secretKeys.includes(`${NAMESPACE}:${key}`)
      ? [{ path: [key], message: `must be secret: ${way}` }]
      : [],
  );
}

function withDefaults(parsed: ParsedSettings, stack: string): Settings {
  const subnets = defaultSubnets(stack, Object.keys(parsed.towns));
  return {
    stack,
    environment: parsed.environment,
    // An address of a local network means nothing without that network, so a local stack leaves nothing behind.
    keep: parsed.keep ?? parsed.network !== "local",
    anonymous: parsed.anonymous,
    suffix: parsed.suffix,
    retired: parsed.retired,
    network: parsed.network,
    localNetwork:
      parsed.localNetwork.join === undefined
        ? { subnet: parsed.localNetwork.subnet ?? defaultLocalSubnet(stack) }
        : { join: parsed.localNetwork.join },
    images: {
      anon: parsed.images.anon,
      connector: parsed.images.connector ?? (parsed.network === "local" ? BUILD : PUBLISHED_CONNECTOR),
      relay: parsed.images.relay ?? (parsed.network === "local" ? BUILD : PUBLISHED_TOWN_RELAY),
    },
    towns: Object.entries(parsed.towns)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, town]) => townWithDefaults(name, town, secretsOf(parsed, name), subnets.get(name)!)),
  };
}

/** What the secret keys of a config hold for one town. */
interface TownSecrets {
  readonly invites: Readonly<Record<string, Secret<Invite>>>;
  readonly identities: ParsedSettings["identities"][string] | undefined;
  readonly given: Readonly<Record<string, Secret>>;
  readonly tokens: Readonly<Record<string, Secret>>;
  readonly relayKeys: RelaySettings["keys"];
}

function secretsOf(parsed: ParsedSettings, town: string): TownSecrets {
  return {
    invites: own(parsed.invites, town) ?? {},
    identities: own(parsed.identities, town),
    given: own(parsed.secrets, town) ?? {},
    tokens: own(parsed.tokens, town) ?? {},
    relayKeys: own(parsed.relayKeys, town) ?? {},
  };
}

function townWithDefaults(name: string, town: ParsedTown, secrets: TownSecrets, defaultSubnet: string): TownSettings {
  const { peers, identity, relay, ...rest } = town;
  const { seed, ...keys } = secrets.identities ?? {};
  const sorted = Object.entries(peers).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...rest,
    name,
    identity: numbersOf(identity),
    adopted: new Map(Object.entries(keys).map(([number, key]) => [Number(number), key])),
    ...(seed && { seed }),
    ...(relay && { relay: { ...relay, keys: secrets.relayKeys } }),
    subnet: town.subnet ?? defaultSubnet,
    peers: sorted.map(([id, peer]) => peerWithDefaults(id, peer, secrets)),
    routes: [
      { prefix: town.nodeId, nextHop: town.nodeId },
      ...sorted.flatMap(([id, peer]) => routesThrough(id, peer.routes).map((prefix) => ({ prefix, nextHop: id }))),
    ],
  };
}

function numbersOf({ current, next, previous }: ParsedTown["identity"]): IdentityNumbers {
  return { current, ...(next !== undefined && { next }), ...(previous !== undefined && { previous }) };
}

function peerWithDefaults(id: string, peer: ParsedPeer, secrets: TownSecrets): PeerSettings {
  const given = own(secrets.given, id);
  return {
    id,
    relation: peer.relation,
    source: sourceOf(id, peer, secrets),
    secretVersion: peer.secretVersion,
    ...(given && { given }),
  };
}

function sourceOf(id: string, { town, stack, url }: ParsedPeer, { invites, tokens }: TownSecrets): PeerSource {
  if (town !== undefined) return { kind: "town", town };
  if (stack !== undefined) return { kind: "stack", stack: stack.name, town: stack.town };
  // A connector that asks for no token takes the empty one.
  if (url !== undefined) return { kind: "direct", url, token: own(tokens, id) ?? new Secret("") };
  const invite = own(invites, id);
  return invite === undefined ? { kind: "expected" } : { kind: "invite", invite };
}
