/** What a container, volume or network is for. Part of its name and its label `town-ator.role`. */
export type Role =
  | "connector"
  | "connector-files"
  | "connector-data"
  | "sidecar"
  | "sidecar-files"
  | "sidecar-data"
  | "identity"
  | "keys"
  | "inside"
  | "outside"
  | "local-network"
  | "local-network-data"
  | "local-network-include";

/** Whose a Docker object is: its stack's and, unless the whole stack shares it, its town's. */
export interface Owner {
  readonly stack: string;
  readonly town?: string;
}

/**
 * The name of a container, volume or network on the Docker host. Docker silently adopts an existing volume of the same
 * name, so no two owners may have the same one: a stack's name may hold dashes, a town's ({@link TOWN_NAME}) none.
 */
export function dockerName(owner: Owner, role: Role): string {
  return ["town-ator", owner.stack, owner.town, role].filter((part) => part !== undefined).join("-");
}

/** The labels by which our tools find what a stack has put on a host. */
export function dockerLabels(owner: Owner, role: Role): Record<string, string> {
  return {
    "town-ator.stack": owner.stack,
    ...(owner.town === undefined ? {} : { "town-ator.town": owner.town }),
    "town-ator.role": role,
  };
}

/**
 * Towns are part of Docker names and of resource names. No dash: a stack `a-b` with a town `c` and a stack `a` with a
 * town `b-c` would come to one volume, which Docker would give to both.
 */
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

/**
 * A peer's nodeId is the peer's own choice; it becomes part of an environment variable's name, so it keeps to letters,
 * digits, dot, dash and underscore.
 */
export const PEER_ID = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

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

/** The type of the resources that are random secrets (randomSecret.ts). */
export const RANDOM_SECRET_TYPE = "random:index/randomPassword:RandomPassword";

/** The resource whose random text a town's seed is made of. */
export function seedName(town: string): string {
  return `${town}-identity-seed`;
}

/** The town whose seed a resource of that name is, if it is one. */
export function townOfSeed(resource: string): string | undefined {
  return /^(.+)-identity-seed$/.exec(resource)?.[1];
}

/** The resource that is the secret which a peer presents to a town, where it is made and not given. */
export function inboundSecretName(town: string, peerId: string): string {
  return `${town}-peer-${peerId}-inbound`;
}

/** The resource from whose random text the operator's key to a town with restricted discovery follows. */
export function operatorKeyName(town: string): string {
  return `${town}-operator-key`;
}
