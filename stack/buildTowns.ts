import * as pulumi from "@pulumi/pulumi";
import type { AtorNetwork } from "../components/atorNetwork";
import { lostAddresses, misusedAddresses, renamedStack, rotatedSecrets, type DeployedTown } from "./deployed";
import type { Invite } from "../components/core/invite";
import type { PeerSettings, Settings } from "./settings";
import { DirectTown, type DirectTownOutputs } from "../components/directTown";
import { DeploymentError } from "../components/docker/deploymentError";
import { stackImages, type Builds, type Images } from "./images";
import { joinLocalAtorNetwork, LocalAtorNetwork } from "../components/localAtorNetwork";
import { PublicAtorNetwork } from "../components/publicAtorNetwork";
import { inviteFromStack } from "./stackPeers";
import { shortcomings } from "./shortcomings";
import { Town, type TownOutputs } from "../components/town";

/** What the stack exports. */
export interface StackOutputs {
  readonly towns: Readonly<Record<string, TownOutputs>>;
  /** The towns without ATOR, if there are any. */
  readonly directTowns?: Readonly<Record<string, DirectTownOutputs>>;
  /** The address of the only town, for the common case of one; secret. A stack of several has no such output. */
  readonly anonUrl?: pulumi.Output<string>;
}

/**
 * Declares a stack: its images, its ATOR network and its towns. `deployed` is what the last `up` has left; throws a
 * DeploymentError, before anything is registered, when the stack has another name than then, or when an address would
 * be lost that was published then, or published against the operator's word or twice.
 */
export function buildTowns(settings: Settings, builds: Builds, deployed: readonly DeployedTown[] = []): StackOutputs {
  assertNothingLost(settings, deployed);
  for (const line of [...rotatedSecrets(settings, deployed), ...shortcomings(settings)]) void pulumi.log.warn(line);
  const { stack, environment, keep, anonymous, suffix } = settings;
  const images = stackImages(settings, builds);
  const network = settings.towns.some(({ transport }) => transport === "socks5")
    ? networkOf(settings, images)
    : undefined;

  const towns = new Map<string, Town>();
  const direct = new Map<string, DirectTown>();
  const references = new Map<string, pulumi.StackReference>();
  for (const { name, peers: declared, adopted, seed, relay: ownRelay, ...town } of settings.towns) {
    const inviteOf = ({ id, source }: PeerSettings): pulumi.Output<Invite | undefined> | undefined => {
      switch (source.kind) {
        case "town":
          // Two towns may know each other both ways. Their invites follow from seeds and secrets alone, so there is no
          // cycle; but the other town may be declared after this one, hence the promise.
          return pulumi.output(Promise.resolve().then(() => towns.get(source.town)!.inviteFor(town.nodeId)));
        case "stack":
          return inviteFromStack(reference(references, source.stack), source.town, { nodeId: id, peerId: town.nodeId });
        case "invite":
          return pulumi.secret(source.invite.reveal());
        case "direct":
        case "expected":
          return undefined;
      }
    };
    const peers = declared.map((peer) => ({
      id: peer.id,
      relation: peer.relation,
      secretVersion: peer.secretVersion,
      invite: inviteOf(peer),
      given: peer.given && pulumi.secret(peer.given.reveal()),
      direct: peer.source.kind === "direct" ? { url: peer.source.url, token: peer.source.token.reveal() } : undefined,
    }));
    const keys = {
      adopted: Object.fromEntries([...adopted].map(([number, key]) => [number, key.reveal().toString("base64")])),
      seed: seed?.reveal().toString("base64"),
    };
    const relay = ownRelay && {
      ...ownRelay,
      keys: { nostr: ownRelay.keys.nostr?.reveal(), settlement: ownRelay.keys.settlement?.reveal() },
    };
    const common = { owner: { stack, town: name }, relay, environment, peers, images, keep, suffix };
    if (network === undefined || town.transport === "direct") {
      direct.set(name, new DirectTown(name, { ...town, ...common }));
      continue;
    }
    towns.set(name, new Town(name, { ...town, ...keys, ...common, network, anonymous }));
  }
  const outputs = outputsOf(towns);
  const [only, ...others] = [...towns.values()];
  return {
    towns: outputs,
    ...(direct.size > 0 && { directTowns: outputsOf(direct) }),
    ...(only && others.length + direct.size === 0 && { anonUrl: only.anonUrl }),
  };
}

function outputsOf<T>(towns: ReadonlyMap<string, { readonly outputs: T }>): Record<string, T> {
  return Object.fromEntries([...towns].map(([name, { outputs }]) => [name, outputs]));
}

function assertNothingLost(settings: Settings, deployed: readonly DeployedTown[]): void {
  refuse("The stack was renamed", renamedStack(settings, deployed));
  refuse("The stack's config does not fit its state", misusedAddresses(settings, deployed));
  const lost = lostAddresses(settings, deployed);
  refuse(`This would lose ${lost.length === 1 ? "an address" : `${lost.length} addresses`} that peers know`, lost);
}

/** Throws a DeploymentError that lists the lines below `what`, if there are any. */
function refuse(what: string, lines: readonly string[]): void {
  if (lines.length > 0)
    throw new DeploymentError([`${what}; nothing was changed:`, ...lines.map((line) => `  ${line}`)].join("\n"));
}

function networkOf({ stack, network, localNetwork }: Settings, images: Images): AtorNetwork {
  const owner = { stack };
  if (network === "public") return new PublicAtorNetwork("public", { owner });
  if ("join" in localNetwork) return joinLocalAtorNetwork({ stack: localNetwork.join });
  return new LocalAtorNetwork("local", { owner, image: images.anon, subnet: localNetwork.subnet });
}

function reference(known: Map<string, pulumi.StackReference>, stack: string): pulumi.StackReference {
  const found = known.get(stack) ?? new pulumi.StackReference(stack);
  known.set(stack, found);
  return found;
}
