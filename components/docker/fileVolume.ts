import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { assertEnded, whenSucceeded, FIXED_NAME, oneShot } from "./container";
import type { Owner } from "../core/names";
import { dockerVolume } from "./volume";

/** Which files go where. */
export interface FileVolumeArgs {
  readonly owner: Owner;
  readonly role: "connector-files" | "sidecar-files" | "relay-files";
  /** The image of the one-shot: this project's anon image. */
  readonly image: pulumi.Input<string>;
  /** Contents by name; secret as a whole. */
  readonly files: pulumi.Output<Record<string, string>>;
  /**
   * The volume that the container keeps its data in, unless something else has made it ready. The one-shot is the first
   * to mount it, and an empty volume takes its owner from the image that is mounted first.
   */
  readonly dataVolume?: pulumi.Input<string> | undefined;
}

/** A volume with files for a container to mount read-only. */
export interface FileVolume {
  /** Docker's name for the volume. */
  readonly volumeName: pulumi.Output<string>;
  /** What has to be there before the volume is used, for `dependsOn`; fails when the files could not be put there. */
  readonly filled: pulumi.Output<pulumi.Resource>;
  /**
   * A hash of the files, as a label for the container that reads them: it must be replaced when they change. Plain: the
   * files hold keys of 256 bits, so nobody finds them by it.
   */
  readonly digest: pulumi.Output<string>;
}

/**
 * Declares a volume and the one-shot that puts files into it, as children of `parent`. A read-only root takes no
 * uploads, so a container can't be given its files directly.
 */
export function fileVolume(name: string, args: FileVolumeArgs, parent: pulumi.Resource): FileVolume {
  const volume = dockerVolume(`${name}-files`, args.owner, args.role, parent);
  const files = pulumi.secret(args.files);
  const digest = pulumi.unsecret(files.apply(digestOf));
  const job = new docker.Container(
    `${name}-files`,
    oneShot(args.owner, args.role, {
      image: args.image,
      command: "/usr/local/bin/install-files",
      // The digest tells the uploads of this run from those of a run whose one-shot never started.
      arguments: [digest],
      uploads: pulumi.all([files, digest]).apply(([contents, run]) =>
        Object.keys(contents)
          .sort()
          .map((file) => ({ file: `/files/.new.${run}.${file}`, content: contents[file]!, permissions: "0444" })),
      ),
      volumes: [
        { volumeName: volume.name, containerPath: "/files" },
        ...(args.dataVolume === undefined ? [] : [{ volumeName: args.dataVolume, containerPath: "/data" }]),
      ],
    }),
    { parent, ...FIXED_NAME },
  );
  return {
    volumeName: volume.name,
    filled: whenSucceeded(job, (ended) => assertEnded(`Putting the files of ${name} into their volume`, ended)),
    digest,
  };
}

function digestOf(contents: Record<string, string>): string {
  const sorted = JSON.stringify(Object.entries(contents).sort());
  return createHash("sha256").update(sorted).digest("hex").slice(0, 16);
}
