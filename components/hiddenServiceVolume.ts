import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { anonImage } from "./anonImage";
import { assertArguments } from "./arguments";
import { assertEnded, whenSucceeded, FIXED_NAME, oneShot, type EndedOneShot } from "./docker/container";
import {
  DEFAULT_SUFFIX,
  IdentityError,
  identityFromKeyFile,
  identityOfSeed,
  numbersProblem,
  parseIdentityText,
  parseSeedText,
  published,
  seedFromRandom,
  suffixProblem,
  type Identity,
  type IdentityNumbers,
  type Suffix,
} from "./core/identity";
import { dockerName, ownerProblem, secretNames, type Owner } from "./core/names";
import { PATHS } from "./core/ports";
import { anonUrlOf } from "./core/renderConnectorYaml";
import { DeploymentError } from "./docker/deploymentError";
import { ownerOf } from "./owner";
import { randomSecret } from "./randomSecret";
import { dataVolume } from "./docker/volume";

export interface HiddenServiceVolumeArgs {
  /** This project's anon image, which holds the one-shot. Default: built on the Docker host ({@link anonImage}). */
  readonly image?: pulumi.Input<string> | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
  /**
   * Whether the seed and the volumes outlive the stack: protected in the state and kept on the Docker host. Default:
   * true.
   */
  readonly keep?: boolean | undefined;
  /** Which identities are published. Default: `{ current: 1 }`. */
  readonly identity?: IdentityNumbers | undefined;
  /**
   * Adopted keys by number of the identity, each the daemon's `hs_ed25519_secret_key` as base64; they become secrets.
   * Default: none, every identity follows from the seed.
   */
  readonly adopted?: Readonly<Record<number, pulumi.Input<string>>> | undefined;
  /** The seed, 32 bytes as base64; it becomes a secret. Default: the one that is made and kept in the state. */
  readonly seed?: pulumi.Input<string> | undefined;
  /**
   * Which container serves the identity: a `sidecar`, or the `connector` that runs the daemon itself. One that serves
   * it no longer stops by itself, before the other is started. Default: `sidecar`.
   */
  readonly servedBy?: "sidecar" | "connector" | undefined;
  /** What the daemon appends to an address. Default: `anon`, as the daemon of {@link anonImage} does. */
  readonly suffix?: Suffix | undefined;
}

/** An address under which the hidden service is published. */
export interface PublishedAddress {
  /** The number of its identity. */
  readonly number: number;
  /** `<56 characters of base32>.anon`; secret. */
  readonly address: pulumi.Output<string>;
  /** A short name for the address that may stand anywhere. */
  readonly fingerprint: pulumi.Output<string>;
}

/**
 * The identity of a hidden service, or two of them while the town moves to another address. One seed in the stack's
 * encrypted state gives every address before anything starts, unless its key or the seed is given; a one-shot writes
 * the key files into a volume, and refuses when that volume holds another identity. Losing the volume, the container or
 * the host does not lose the address; losing the state without a backup does.
 */
export class HiddenServiceVolume extends pulumi.ComponentResource {
  /** Docker's name for the volume. */
  public readonly volumeName: pulumi.Output<string>;
  /**
   * Docker's name for the volume with the daemon's DataDirectory: its guards. They belong to the address, whatever runs
   * the daemon, for an observer learns from every new choice of guards.
   */
  public readonly guardsVolume: pulumi.Output<string>;
  /** A `dependsOn` entry for what uses the volume; fails when the volume holds another identity. */
  public readonly filled: pulumi.Output<pulumi.Resource>;
  /** The anon image that filled the volume. */
  public readonly image: pulumi.Output<string>;
  /** Whether the identity outlives the stack. */
  public readonly keep: boolean;
  /** Which container serves it. */
  public readonly servedBy: "sidecar" | "connector";
  /** What the daemon has to append to an address, for the address to be the one that peers know. */
  public readonly suffix: Suffix;
  /** The town's address. */
  public readonly current: PublishedAddress;
  /** Where the hidden service is dialled, `ws://<address>:3000`; secret. */
  public readonly anonUrl: pulumi.Output<string>;
  /** The address that the town will move to. */
  public readonly next: PublishedAddress | undefined;
  /** The address that the town has moved away from. */
  public readonly previous: PublishedAddress | undefined;
  /** All published addresses (one or two), by number. */
  public readonly published: readonly PublishedAddress[];
  /**
   * What the sidecar checks the volume against before it starts the daemon, a line for each published identity: its
   * number, the SHA-256 of its key file and its fingerprint; secret.
   */
  public readonly identityFile: pulumi.Output<string>;

  constructor(name: string, args: HiddenServiceVolumeArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const owner = ownerOf(name, args.owner);
    const { identity = { current: 1 }, suffix = DEFAULT_SUFFIX } = args;
    assertArguments(`HiddenServiceVolume ${name}`, {
      owner: ownerProblem(owner),
      identity: numbersProblem(identity),
      suffix: suffixProblem(suffix),
    });
    super("town-ator:index:HiddenServiceVolume", name, {}, opts);
    this.keep = args.keep ?? true;
    this.servedBy = args.servedBy ?? "sidecar";
    this.suffix = suffix;
    this.image = pulumi.output(args.image ?? anonImage(`${name}-image`, {}, { parent: this }));
    // The state keeps its own seed whatever is given: an address may have followed from it.
    const made = randomSecret(secretNames.seed(name), { parent: this, protect: this.keep });
    const identities = publishedIdentities(name, identity, suffix, args, made);
    this.published = identities.map(({ number, identity }) => ({
      number,
      address: identity.address,
      fingerprint: pulumi.unsecret(identity.fingerprint),
    }));
    const address = (number: number | undefined) => this.published.find((candidate) => candidate.number === number);
    this.current = address(identity.current)!;
    this.next = address(identity.next);
    this.previous = address(identity.previous);
    this.anonUrl = this.current.address.apply(anonUrlOf);
    this.identityFile = pulumi.secret(
      pulumi
        .all(identities.map(({ number, identity }) => identity.apply((resolved) => identityLine(number, resolved))))
        .apply((lines) => lines.join("")),
    );

    const volume = dataVolume(`${name}-keys`, owner, "keys", this, this.keep);
    const guards = dataVolume(`${name}-guards`, owner, "sidecar-data", this, this.keep);
    const job = new docker.Container(
      `${name}-key-file`,
      oneShot(owner, "identity", {
        image: this.image,
        command: "/usr/local/bin/install-identity",
        // The numbers tell the uploads of this run from those of a run whose one-shot never started.
        arguments: [this.servedBy, ...identities.map(({ number }) => String(number))],
        uploads: pulumi
          .all(identities.map(({ number, identity }) => identity.apply((resolved) => offered(number, resolved))))
          .apply((uploads) => uploads.flat()),
        volumes: [
          { volumeName: volume.name, containerPath: PATHS.keys },
          { volumeName: guards.name, containerPath: "/data" },
        ],
      }),
      { parent: this, ...FIXED_NAME },
    );
    this.volumeName = volume.name;
    this.guardsVolume = guards.name;
    this.filled = whenSucceeded(job, (ended) => assertIdentity(name, dockerName(owner, "keys"), ended));
    this.registerOutputs({ volumeName: this.volumeName });
  }
}

/**
 * The identities that are published, by number: an adopted key before the given seed, and that before the made one.
 * They go through Outputs as text: an Output looks for others in every byte of a buffer.
 */
function publishedIdentities(
  name: string,
  numbers: IdentityNumbers,
  suffix: Suffix,
  { adopted = {}, seed }: Pick<HiddenServiceVolumeArgs, "adopted" | "seed">,
  made: pulumi.Output<string>,
): { number: number; identity: pulumi.Output<Identity> }[] {
  const read = <T>(argument: string, text: pulumi.Input<string>, parse: (text: string) => T) =>
    pulumi.secret(text).apply((known) => readKey(`HiddenServiceVolume ${name}: ${argument}`, known, parse));
  const seedText =
    seed === undefined
      ? made.apply((text) => seedFromRandom(text).toString("base64"))
      : read("seed", seed, (text) => parseSeedText(text).toString("base64"));
  return published(numbers).map((number) => {
    const key = adopted[number];
    return {
      number,
      identity:
        key === undefined
          ? seedText.apply((text) => identityOfSeed(Buffer.from(text, "base64"), number, suffix))
          : read(`adopted.${number}`, key, (text) => identityFromKeyFile(parseIdentityText(text), suffix)),
    };
  });
}

/** What `parse` makes of a given key. A DeploymentError says which argument is wrong, and nothing of the key. */
export function readKey<T>(argument: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof IdentityError ? new DeploymentError(`${argument} ${error.message}`) : error;
  }
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
