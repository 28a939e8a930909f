import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { anonImage } from "./anonImage";
import { assertArguments, type Problems } from "./arguments";
import { bundledLauncher } from "./bundle";
import { STOP_GRACE_MS } from "./core/connectorFiles";
import { DEFAULT_MEMORY_MIB, memoryProblem } from "./core/memory";
import { nodeIdProblem, ownerProblem, secretNames, type Owner } from "./core/names";
import { parsePublished, publishedProblem, type Route } from "./core/peering";
import { PATHS, PORTS } from "./core/ports";
import {
  nostrPublicKey,
  PUBLISHED_TOWN_RELAY,
  relayEnvironment,
  relayFiles,
  relayKeyProblem,
  relayKeysFromRandom,
  type RelayKeys,
} from "./core/townRelay";
import { NO_FORWARDING } from "./daemonFiles";
import { FIXED_NAME, longRunning } from "./docker/container";
import { DeploymentError } from "./docker/deploymentError";
import { dockerNetwork } from "./docker/dockerNetwork";
import { fileVolume } from "./docker/fileVolume";
import { pulledImage } from "./docker/image";
import { dataVolume } from "./docker/volume";
import { ownerOf } from "./owner";
import { PeerSecret } from "./peerSecret";
import { randomSecret } from "./randomSecret";
import type { TownNetwork } from "./townNetwork";

/** How a Town relay behaves, apart from where it is. */
export interface TownRelayBehaviour {
  /** What an event costs, in units of the ILP ledger: the relay's `FEE_PER_EVENT`. Default: 0. */
  readonly feePerEvent?: number | undefined;
  /**
   * Where clients read events: an address of the Docker host and a port, such as `127.0.0.1:7100`. Default: nowhere;
   * only what is on the town's own network reaches it.
   */
  readonly publish?: string | undefined;
  /** Where the relay says that clients find it, such as `wss://relay.example.org`. Default: it does not say. */
  readonly publicUrl?: string | undefined;
  /** Keys that it has already, each by itself; they become secrets. Default: made, and kept in the state. */
  readonly keys?: { readonly [Key in keyof RelayKeys]?: pulumi.Input<string> | undefined } | undefined;
  /** Memory limit in MiB, from 64. Default: {@link DEFAULT_MEMORY_MIB}. */
  readonly memoryMiB?: number | undefined;
}

export interface TownRelayArgs extends TownRelayBehaviour {
  /** The relay as its connector knows it ({@link townRelayPeer}): its nodeId, and the secrets of the two. */
  readonly peer: PeerSecret;
  /** The connector that it belongs to: its nodeId, and its IPv4 address on `target`. */
  readonly connector: { readonly nodeId: string; readonly address: string };
  /** The network of that connector ({@link townNetwork}). */
  readonly target: TownNetwork;
  /** Where the world dials the connector; it becomes a secret. Default: the relay does not say. */
  readonly publicBtpUrl?: pulumi.Input<string> | undefined;
  /** What must be up first: a relay that finds no connector for 31 s does not look for it again. Default: nothing. */
  readonly ready?: pulumi.Input<pulumi.Resource>[] | undefined;
  /** The relay's image. Default: the published one, {@link PUBLISHED_TOWN_RELAY}. */
  readonly image?: pulumi.Input<string> | undefined;
  /** This project's anon image, which holds the one-shot. Default: built on the Docker host ({@link anonImage}). */
  readonly anonImage?: pulumi.Input<string> | undefined;
  /** Whether the made keys and the events outlive the stack. Default: true. */
  readonly keep?: boolean | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/** What a stack says of a town's relay. */
export interface TownRelayOutputs {
  /** The relay's nodeId and ILP address, to which events are paid. */
  readonly nodeId: string;
  /** The public key of its Nostr identity, 64 hex digits; secret in an anonymous town behind ATOR. */
  readonly publicKey: pulumi.Output<string>;
  /** Where clients read events, `ws://<address>:<port>`, if anywhere. */
  readonly url?: string;
}

/** Seconds that `up` waits for the relay to answer. */
const START_BUDGET_SECONDS = 60;

/**
 * The Town relay of one connector: a Nostr relay that takes events with an ILP payment, as the connector's child. Each
 * dials the other on the town's network, and each authenticates. It has no way out of that network; where its WebSocket
 * is published it also has a network that its packets leave only as answers.
 *
 * Not to be taken for the relays of the ATOR network.
 */
export class TownRelay extends pulumi.ComponentResource {
  /** Docker's name of the container. */
  public readonly containerName: pulumi.Output<string>;
  /** What there is to say of it, for a stack's outputs. */
  public readonly outputs: TownRelayOutputs;

  constructor(name: string, args: TownRelayArgs, opts?: pulumi.ComponentResourceOptions) {
    const { peer, target, feePerEvent = 0, publish, publicUrl, keep = true } = args;
    const { connector, memoryMiB = DEFAULT_MEMORY_MIB.relay } = args;
    const nodeId = peer.peerId;
    const owner = ownerOf(name, args.owner);
    assertArguments(`TownRelay ${name}`, {
      owner: ownerProblem(owner),
      "connector.nodeId": nodeIdProblem(connector.nodeId),
      peer: nodeId.startsWith(`${connector.nodeId}.`)
        ? undefined
        : `must be below ${connector.nodeId}, for it is its child`,
      ...relayProblems(args),
    });
    super("town-ator:index:TownRelay", name, {}, opts);
    const parent = { parent: this };
    const keys = this.#keys(name, args.keys, keep);
    const data = dataVolume(`${name}-data`, owner, "relay-data", this, keep);
    const launcher = bundledLauncher();
    const files = fileVolume(
      name,
      {
        owner,
        role: "relay-files",
        image: args.anonImage ?? anonImage(`${name}-anon-image`, {}, parent),
        dataVolume: data.name,
        files: pulumi
          .all([keys, peer.inbound, peer.outbound, pulumi.secret(args.publicBtpUrl)])
          .apply(([made, { secret }, outbound, publicBtpUrl]) =>
            relayFiles(
              { connector },
              { token: secret, connectorToken: outbound?.token ?? "", keys: made, publicBtpUrl },
              launcher,
            ),
          ),
      },
      this,
    );
    const container = new docker.Container(
      `${name}-relay`,
      longRunning(owner, "relay", {
        image: args.image ?? pulledImage(`${name}-image`, PUBLISHED_TOWN_RELAY, parent),
        command: ["node", `${PATHS.files}/launcher.cjs`],
        envs: relayEnvironment({ nodeId, connector, feePerEvent, publicUrl }),
        network: {
          networks: [
            { name: target.networkName, ipv4Address: target.relayAddress },
            ...(publish === undefined ? [] : [{ name: answersOnly(name, owner, parent) }]),
          ],
          ports: publish === undefined ? [] : [{ internal: PORTS.relay, ...parsePublished(publish) }],
        },
        sysctls: NO_FORWARDING,
        volumes: [
          { volumeName: files.volumeName, containerPath: PATHS.files, readOnly: true },
          { volumeName: data.name, containerPath: PATHS.relayData },
        ],
        memoryMiB,
        init: true,
        health: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${PORTS.relayHealth}/health`],
        startBudgetSeconds: START_BUDGET_SECONDS,
        // As the connector's: the launcher's grace, and a little longer.
        stopSeconds: STOP_GRACE_MS / 1000 + 4,
        labels: { "town-ator.files": files.digest },
      }),
      { ...parent, ...FIXED_NAME, dependsOn: [...(args.ready ?? []), files.filled] },
    );
    this.containerName = container.name;
    this.outputs = {
      nodeId,
      publicKey: pulumi.unsecret(keys.apply(({ nostr }) => nostrPublicKey(nostr))),
      ...(publish !== undefined && { url: `ws://${publish}` }),
    };
    this.registerOutputs({ containerName: this.containerName });
  }

  /** The given keys; the state keeps those that it has made whatever is given. */
  #keys(name: string, given: TownRelayBehaviour["keys"] = {}, keep: boolean): pulumi.Output<RelayKeys> {
    const made = randomSecret(secretNames.relaySeed(name), { parent: this, protect: keep });
    return pulumi
      .all([made, pulumi.secret(given.nostr), pulumi.secret(given.settlement)])
      .apply(([text, nostr, settlement]) => {
        const keys = relayKeysFromRandom(text);
        for (const [kind, key] of Object.entries({ nostr, settlement }) as [keyof RelayKeys, string | undefined][]) {
          const problem = key === undefined ? undefined : relayKeyProblem(kind, key);
          if (problem !== undefined) throw new DeploymentError(`TownRelay ${name}: keys.${kind} ${problem}`);
        }
        return { nostr: nostr ?? keys.nostr, settlement: settlement ?? keys.settlement };
      });
  }
}

/** What is wrong with how a Town relay is to behave, by the argument's name. */
export function relayProblems({
  feePerEvent = 0,
  publish,
  memoryMiB = DEFAULT_MEMORY_MIB.relay,
}: TownRelayBehaviour): Problems {
  return {
    feePerEvent: Number.isSafeInteger(feePerEvent) && feePerEvent >= 0 ? undefined : "must be a whole number from 0",
    publish: publish === undefined ? undefined : publishedProblem(publish),
    memoryMiB: memoryProblem(memoryMiB),
  };
}

/** Declares a Town relay as a peer of its connector: the connector's child, dialled at its address on `target`. */
export function townRelayPeer(
  name: string,
  { nodeId, target }: { readonly nodeId: string; readonly target: TownNetwork },
  opts: pulumi.CustomResourceOptions = {},
): PeerSecret {
  const url = `ws://${target.relayAddress}:${PORTS.relayBtp}`;
  const token = randomSecret(`${name}-outbound`, opts);
  return new PeerSecret(name, { id: nodeId, relation: "child", direct: { url, token } }, opts);
}

/** A routing table with the route to a town's relay; none where the connector is to make its own. */
export function withRelay(
  routes: readonly Route[] | undefined,
  relayId: string | undefined,
): readonly Route[] | undefined {
  return relayId !== undefined && routes ? [...routes, { prefix: relayId, nextHop: relayId }] : routes;
}

/**
 * A network through which the Docker host reaches a published port. Without masquerading, what the container sends on
 * its own account leaves with an address to which nobody can answer.
 */
function answersOnly(name: string, owner: Owner, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const options = { "com.docker.network.bridge.enable_ip_masquerade": "false" };
  return dockerNetwork(`${name}-outside`, owner, "relay-clients", { options }, opts).name;
}
