import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { assertEnded, whenSucceeded, FIXED_NAME, oneShot, type EndedOneShot } from "./docker/container";
import {
  deriveIdentity,
  identityFromKeyFile,
  published,
  seedFromRandom,
  type Identity,
  type IdentityNumbers,
  type Suffix,
} from "./core/identity";
import { dockerName, seedName, type Owner } from "./core/names";
import { PATHS } from "./core/ports";
import type { Secret } from "./core/secret";
import { DeploymentError } from "./docker/deploymentError";
import { randomSecret } from "./randomSecret";
import { dataVolume } from "./docker/volume";

export interface HiddenServiceVolumeArgs {
  /** Stack and town, for names and labels. */
  readonly owner: Required<Owner>;
  /** This project's anon image, which holds the one-shot. */
  readonly image: pulumi.Input<string>;
  /** Whether the seeds and the volume outlive the stack: protected in the state and kept on the Docker host. */
  readonly keep: boolean;
  /** Which identities are published. */
  readonly identity: IdentityNumbers;
  /** The key files of adopted identities by number, 96 bytes each. */
  readonly adopted: ReadonlyMap<number, Secret<Buffer>>;
  /** What the daemon appends to an address. */
  readonly suffix: Suffix;
  /** How many seeds the state has: none of them is deleted, whatever becomes of the identities. */
  readonly seeds: number;
}

/** An address under which the hidden service is published. */
export interface PublishedAddress {
  /** The number of its identity. */
  readonly number: number;
  /** `<56 characters of base32>.anon`; secret. */
  readonly address: pulumi.Output<string>;
  /** A short name for the address that may stand anywhere. */
  readonly fingerprint: pulumi.Output<string>;
  /** Whether its key was given by the operator, and does not follow from a seed of the state. */
  readonly adopted: boolean;
}

/**
 * The identity of a hidden service, or two of them while the town moves to another address. A seed in the stack's
 * encrypted state, or an adopted key, gives the address before anything starts; a one-shot writes the key file that
 * follows from it into a volume, and refuses when that volume holds another identity. Losing the volume, the container
 * or the host does not lose the address; losing the state does.
 */
export class HiddenServiceVolume extends pulumi.ComponentResource {
  /** Docker's name for the volume. */
  public readonly volumeName: pulumi.Output<string>;
  /** What has to be there before the volume is used, for `dependsOn`; fails when the volume holds another identity. */
  public readonly filled: pulumi.Output<pulumi.Resource[]>;
  /** What the daemon has to append to an address, for the address to be the one that peers know. */
  public readonly suffix: Suffix;
  /** The town's address. */
  public readonly current: PublishedAddress;
  /** The address that the town will move to. */
  public readonly next: PublishedAddress | undefined;
  /** The address that the town has moved away from. */
  public readonly previous: PublishedAddress | undefined;
  /** The three of them that there are, by number. */
  public readonly published: readonly PublishedAddress[];
  /** The fingerprints of all addresses that the seeds make, that of identity 1 first. */
  public readonly seeds: readonly pulumi.Output<string>[];
  /**
   * What the sidecar checks the volume against before it starts the daemon, a line for each published identity: its
   * number, the SHA-256 of its key file and its fingerprint; secret.
   */
  public readonly identityFile: pulumi.Output<string>;

  constructor(name: string, args: HiddenServiceVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("town-ator:index:HiddenServiceVolume", name, {}, opts);
    this.suffix = args.suffix;
    const seeded = seededIdentities(args, this);
    this.seeds = seeded.map(({ fingerprint }) => pulumi.unsecret(fingerprint));
    const identities = publishedIdentities(args, seeded);
    this.published = identities.map(({ number, identity }) => ({
      number,
      address: identity.address,
      fingerprint: pulumi.unsecret(identity.fingerprint),
      adopted: args.adopted.has(number),
    }));
    const address = (number: number | undefined) => this.published.find((candidate) => candidate.number === number);
    this.current = address(args.identity.current)!;
    this.next = address(args.identity.next);
    this.previous = address(args.identity.previous);
    this.identityFile = pulumi.secret(
      pulumi
        .all(identities.map(({ number, identity }) => identity.apply((resolved) => identityLine(number, resolved))))
        .apply((lines) => lines.join("")),
    );

    const volume = dataVolume(`${name}-keys`, args.owner, "keys", this, args.keep);
    const job = new docker.Container(
      `${name}-key-file`,
      oneShot(args.owner, "identity", {
        image: args.image,
        command: "/usr/local/bin/install-identity",
        uploads: pulumi
          .all(identities.map(({ number, identity }) => identity.apply((resolved) => offered(number, resolved))))
          .apply((uploads) => uploads.flat()),
        volumes: [{ volumeName: volume.name, containerPath: PATHS.keys }],
      }),
      { parent: this, ...FIXED_NAME },
    );
    this.volumeName = volume.name;
    this.filled = whenSucceeded(job, (ended) => assertIdentity(name, dockerName(args.owner, "keys"), ended));
    this.registerOutputs({ volumeName: this.volumeName });
  }
}

/**
 * The identities of all seeds, that of number 1 first. Every number up to the highest, now or ever before, has a seed,
 * whether it is used or not: a town that adopts its own key (from a backup), retires an address or takes an
 * announcement back must not have a seed deleted, which would be the end of an address.
 */
function seededIdentities(
  { owner, identity, suffix, keep, seeds }: HiddenServiceVolumeArgs,
  parent: pulumi.Resource,
): pulumi.Output<Identity>[] {
  const length = Math.max(identity.next ?? identity.current, seeds);
  return Array.from({ length }, (_, index) =>
    randomSecret(seedName(owner.town, index + 1), { parent, protect: keep }).apply((text) =>
      deriveIdentity(seedFromRandom(text), suffix),
    ),
  );
}

/** The identities that are published, by number. An adopted key wins over a seed. */
function publishedIdentities(
  { identity, adopted, suffix }: HiddenServiceVolumeArgs,
  seeded: readonly pulumi.Output<Identity>[],
): { number: number; identity: pulumi.Output<Identity> }[] {
  return published(identity).map((number) => {
    const key = adopted.get(number);
    return {
      number,
      identity: key
        ? // Not pulumi.secret(identity): that would look for Outputs in every byte of its buffers.
          pulumi
            .secret(key.reveal().toString("base64"))
            .apply((text) => identityFromKeyFile(Buffer.from(text, "base64"), suffix))
        : seeded[number - 1]!,
    };
  });
}

function identityLine(number: number, { secretKeyFile, fingerprint }: Identity): string {
  return `${number} ${createHash("sha256").update(secretKeyFile).digest("hex")} ${fingerprint}\n`;
}

function offered(number: number, { secretKeyFile, fingerprint }: Identity): docker.types.input.ContainerUpload[] {
  const offer = (what: string) => `${PATHS.keys}/.offered-${what}-${number}`;
  return [
    { file: offer("key"), contentBase64: secretKeyFile.toString("base64"), permissions: "0444" },
    { file: offer("fingerprint"), content: `${fingerprint}\n`, permissions: "0444" },
  ];
}

/** The one-shot's exit code for a volume that holds another identity (images/anon/bin/install-identity). */
const OTHER_IDENTITY = 3;

function assertIdentity(name: string, volumeName: string, ended: EndedOneShot): void {
  if (ended.exitCode !== OTHER_IDENTITY)
    return assertEnded(`Putting the identity of ${name} into the volume ${volumeName}`, ended);
  throw new DeploymentError(
    `The volume ${volumeName} of ${name} belongs to another address: ${ended.logs || "no fingerprints were printed"}. Nothing was changed. ` +
      `To keep the address of the volume, adopt its key (make identity-adopt) in a stack that has none yet, or bring back the state that belongs to it. ` +
      `If that address is not needed any more, remove the containers that use the volume and the volume itself (docker volume rm ${volumeName}), then run \`pulumi up --refresh\`.`,
  );
}
