/** What a container, volume or network is for. Part of its name and its label `town-ator.role`. */
export const ROLES = [
  "connector",
  "connector-files",
  "connector-data",
  "relay",
  "relay-files",
  "relay-data",
  "sidecar",
  "sidecar-files",
  "sidecar-data",
  "sidecar-sign",
  "identity",
  "keys",
  // The Docker networks: of one town, of a published Town relay, of the local ATOR relays, and to the public ones.
  "inside",
  "relay-clients",
  "outside",
  "public",
  "local-network",
  "local-network-data",
  "local-network-include",
] as const;
export type Role = (typeof ROLES)[number];

/** What a stack has once, whatever its towns. */
const SHARED_ROLES: readonly Role[] = [
  "outside",
  "public",
  "local-network",
  "local-network-data",
  "local-network-include",
];

/** Whose a Docker object is: its stack's and, unless the whole stack shares it, its town's. */
export interface Owner {
  /** The label `town-ator.stack`. */
  readonly stack: string;
  /** The label `town-ator.town`. */
  readonly town?: string;
}

/** A stack's name as Docker names can hold it. */
export const STACK_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** What is wrong with an owner, if anything: both parts stand in Docker names. */
export function ownerProblem({ stack, town }: Owner): string | undefined {
  if (!STACK_NAME.test(stack))
    return "has a stack that Docker names cannot hold: use letters, digits, dots, dashes and underscores";
  if (town === undefined || /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(town)) return undefined;
  return "has a town that Docker names cannot hold: use letters, digits, dashes and underscores";
}

/**
 * The name of a container, volume or network on the Docker host. Docker silently adopts an existing volume of the same
 * name, so no two owners may come to the same one. A stack's name may hold dashes, so those of a town's become dots:
 * the stack `a-b` with the town `c` and the stack `a` with the town `b-c` differ. Where a town has what a stack usually
 * has, or a stack what a town has, a dot precedes the role: the stack `a-b` and the stack `a` with the town `b` differ.
 * No role may end in a dash and another role.
 */
export function dockerName({ stack, town }: Owner, role: Role): string {
  const owner = ["town-ator", stack, ...(town === undefined ? [] : [town.replaceAll("-", ".")])].join("-");
  return `${owner}${(town === undefined) === SHARED_ROLES.includes(role) ? "-" : "."}${role}`;
}

/** The labels by which our tools find what a stack has put on a host. */
export function dockerLabels(owner: Owner, role: Role): Record<string, string> {
  return {
    "town-ator.stack": owner.stack,
    ...(owner.town === undefined ? {} : { "town-ator.town": owner.town }),
    "town-ator.role": role,
  };
}

/** This program's towns: part of Docker names, of resource names and of the keys of its config. */
export const TOWN_NAME = /^[a-z][a-z0-9]{0,19}$/;

/**
 * Our own nodeIds serve as an ILP address prefix too, so they keep to what the connector accepts in `routes[].prefix`,
 * less `~`, which no packet survives.
 */
export const NODE_ID = /^(?=.{1,63}$)[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*(?<![._-])$/;

/**
 * An ILP address prefix that every version of the connector routes by: labels of lower-case letters, digits, dash and
 * underscore between dots. Its loader takes more, and its routing table then ends it.
 */
export const ILP_PREFIX = /^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/;
export const ILP_PREFIX_RULE =
  "an ILP address prefix of lower-case letters, digits, dots, dashes and underscores, such as g.bob";

/**
 * A peer's nodeId is the peer's own choice; it becomes part of an environment variable's name, so it keeps to letters,
 * digits, dot, dash and underscore.
 */
export const PEER_ID = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** What is wrong with a town's nodeId, if anything. */
export function nodeIdProblem(text: string): string | undefined {
  if (NODE_ID.test(text)) return undefined;
  return "must be 1 to 63 lower-case letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit, such as g.home";
}

/** What is wrong with a peer's nodeId, if anything. */
export function peerIdProblem(text: string): string | undefined {
  if (PEER_ID.test(text)) return undefined;
  return "must be 1 to 63 letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit, such as g.bob";
}

/**
 * The environment variable in which the connector looks for the secret that a peer must present:
 * `BTP_PEER_<ID>_SECRET`, the peer's nodeId in upper case with every `-` turned into `_` and nothing else changed (the
 * connector's btp-server.ts and peer-secret-resolver.ts). `a-b`, `a_b` and `A-B` meet in one variable.
 */
export function btpPeerVariable(peerId: string): string {
  return `BTP_PEER_${peerId.toUpperCase().replaceAll("-", "_")}_SECRET`;
}

/** The type of the component Town, in whose outputs the state keeps what the next `up` must not lose (deployed.ts). */
export const TOWN_TYPE = "town-ator:index:Town";

/** What is wrong with the nodeIds of a connector's peers, if anything: it has one variable a peer. */
export function peersProblem(ids: readonly string[]): string | undefined {
  const variables = ids.map(btpPeerVariable);
  const again = variables.findIndex((variable, index) => variables.indexOf(variable) !== index);
  if (again < 0) return undefined;
  const variable = variables[again]!;
  return `must not share an environment variable: ${ids[variables.indexOf(variable)]} and ${ids[again]} both have ${variable}`;
}

/** The type of the resources that are random secrets (randomSecret.ts). */
export const RANDOM_SECRET_TYPE = "random:index/randomPassword:RandomPassword";

/** The names of the resources that are random secrets, by the name of the component that makes them. */
export const secretNames = {
  seed: (hiddenServiceVolume: string) => `${hiddenServiceVolume}-seed`,
  inbound: (peerSecret: string) => `${peerSecret}-inbound`,
  operatorKey: (sidecar: string) => `${sidecar}-operator-key`,
  relaySeed: (townRelay: string) => `${townRelay}-seed`,
} as const;

/** The names of the components in a town. */
export const townParts = {
  identity: (town: string) => `${town}-identity`,
  peer: (town: string, peerId: string) => `${town}-peer-${peerId}`,
  sidecar: (town: string) => `${town}-sidecar`,
  connector: (town: string) => `${town}-connector`,
  relay: (town: string) => `${town}-relay`,
} as const;

/** The resource whose random text a town's seed is made of. */
export function seedName(town: string): string {
  return secretNames.seed(townParts.identity(town));
}

/** The town whose seed a resource of that name is, if it is one. */
export function townOfSeed(resource: string): string | undefined {
  return /^(.+)-identity-seed$/.exec(resource)?.[1];
}

/** The resource of the secret that a peer presents to a town, unless the operator gives that secret. */
export function inboundSecretName(town: string, peerId: string): string {
  return secretNames.inbound(townParts.peer(town, peerId));
}

/** The resource whose random text gives the operator's key to a town with restricted discovery. */
export function operatorKeyName(town: string): string {
  return secretNames.operatorKey(townParts.sidecar(town));
}

/** The resource whose random text the keys of a town's relay are made of. */
export function relaySeedName(town: string): string {
  return secretNames.relaySeed(townParts.relay(town));
}

/** The town whose relay's random text a resource of that name is, if it is one. */
export function townOfRelaySeed(resource: string): string | undefined {
  return /^(.+)-relay-seed$/.exec(resource)?.[1];
}
