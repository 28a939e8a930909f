import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { toLabels } from "./container";
import { dockerLabels, dockerName, type Place, type Role } from "./core/names";

/** Declares a volume as a child of `parent`. */
export function dockerVolume(
  name: string,
  place: Place,
  role: Role,
  parent: pulumi.Resource,
  opts: pulumi.CustomResourceOptions = {},
): docker.Volume {
  return new docker.Volume(
    name,
    { name: dockerName(place, role), labels: toLabels(dockerLabels(place, role)) },
    { parent, ...opts },
  );
}

/**
 * A volume whose data nothing may lose: an identity, a ledger, the daemon's guards. A refresh that finds other labels or another driver than we ask for (a volume that
 * was made by hand or restored from a backup) would have it replaced, which deletes the data, so such differences are left alone. With `keep` it is protected and outlives
 * the stack.
 */
export function dataVolume(
  name: string,
  place: Place,
  role: Role,
  parent: pulumi.Resource,
  keep: boolean,
): docker.Volume {
  return dockerVolume(name, place, role, parent, {
    ignoreChanges: ["labels", "driver", "driverOpts"],
    protect: keep,
    retainOnDelete: keep,
  });
}
