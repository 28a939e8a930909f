import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { assertEnded, FIXED_NAME, oneShot } from "./container";
import { deriveIdentity, seedFromRandom } from "./core/identity";
import type { Place } from "./core/names";
import { PATHS } from "./core/ports";
import { DeploymentError } from "./deploymentError";
import { randomSecret } from "./randomSecret";
import { dataVolume } from "./volume";

export interface HiddenServiceVolumeArgs {
  /** Stack and town, for names and labels. */
  readonly place: Place;
  /** This project's anon image, which holds the one-shot. */
  readonly image: pulumi.Input<string>;
  /** Whether the seed and the volume outlive the stack: protected in the state and kept on the Docker host. */
  readonly keep: boolean;
}

/**
 * The identity of a hidden service. A seed in the stack's encrypted state gives the address before anything starts; a one-shot writes the key file that follows from it into a
 * volume, and refuses when that volume holds another identity. Losing the volume, the container or the host does not lose the address; losing the state does.
 */
export class HiddenServiceVolume extends pulumi.ComponentResource {
  /** Docker's name for the volume; known once it holds the right key. */
  public readonly volumeName: pulumi.Output<string>;
  /** `<56 characters of base32>.anon`; secret. */
  public readonly address: pulumi.Output<string>;
  /** A short name for the address that may stand anywhere. */
  public readonly fingerprint: pulumi.Output<string>;
  /** What the sidecar checks the volume against before it starts the daemon: the SHA-256 of the key file and the fingerprint, a line each; secret. */
  public readonly identityFile: pulumi.Output<string>;

  constructor(name: string, args: HiddenServiceVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("town-ator:index:HiddenServiceVolume", name, {}, opts);
    const seed = randomSecret(`${name}-seed`, { parent: this, protect: args.keep });
    const identity = seed.apply((text) => deriveIdentity(seedFromRandom(text)));
    this.address = identity.address;
    this.fingerprint = pulumi.unsecret(identity.fingerprint);
    this.identityFile = identity.apply(
      ({ secretKeyFile, fingerprint }) =>
        `${createHash("sha256").update(secretKeyFile).digest("hex")}\n${fingerprint}\n`,
    );

    const volume = dataVolume(`${name}-keys`, args.place, "keys", this, args.keep);
    const job = new docker.Container(
      `${name}-key-file`,
      oneShot(args.place, "identity", {
        image: args.image,
        command: "/usr/local/bin/install-identity",
        uploads: identity.apply(({ secretKeyFile, fingerprint }) => [
          { file: `${PATHS.keys}/.offered-key`, contentBase64: secretKeyFile.toString("base64"), permissions: "0444" },
          { file: `${PATHS.keys}/.offered-fingerprint`, content: `${fingerprint}\n`, permissions: "0444" },
        ]),
        volumes: [{ volumeName: volume.name, containerPath: PATHS.keys }],
      }),
      { parent: this, ...FIXED_NAME },
    );
    this.volumeName = pulumi
      .all([volume.name, job.exitCode, job.containerLogs])
      .apply(([volumeName, exitCode, logs]) => {
        assertIdentity(name, volumeName, exitCode, logs);
        return volumeName;
      });
    this.registerOutputs({ volumeName: this.volumeName, fingerprint: this.fingerprint });
  }
}

/** The one-shot's exit code for a volume that holds another identity (images/anon/bin/install-identity). */
const OTHER_IDENTITY = 3;

function assertIdentity(name: string, volumeName: string, exitCode: number, logs: string | undefined): void {
  if (exitCode !== OTHER_IDENTITY)
    return assertEnded(`Putting the identity of ${name} into the volume ${volumeName}`, exitCode, logs);
  throw new DeploymentError(
    `The volume ${volumeName} of ${name} belongs to another address: ${logs?.trim() ?? "no fingerprints were printed"}. Nothing was changed. ` +
      `If that address is not needed any more, remove the containers that use the volume and the volume itself (docker volume rm ${volumeName}), then run up again; ` +
      `if it is, bring back the stack's state that belongs to it.`,
  );
}
