import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { toLabels } from "./container";
import { dockerLabels, dockerName, type Owner, type Role } from "../core/names";

/**
 * Declares a volume as a child of `parent`. A refresh that finds other labels or another driver than we ask for (a
 * volume that was made by hand, by Docker itself or from a backup) would have it replaced, which deletes what is in it,
 * so such differences are left alone.
 */
export function dockerVolume(
  name: string,
  owner: Owner,
  role: Role,
  parent: pulumi.Resource,
  opts: pulumi.CustomResourceOptions = {},
): docker.Volume {
  return new docker.Volume(
    name,
    { name: dockerName(owner, role), labels: toLabels(dockerLabels(owner, role)) },
    { parent, ignoreChanges: ["labels", "driver", "driverOpts"], ...opts },
  );
}

/**
 * A volume whose data nothing may lose: an identity, a ledger, the daemon's guards. With `keep` it is protected and
 * outlives the stack.
 */
export function dataVolume(
  name: string,
  owner: Owner,
  role: Role,
  parent: pulumi.Resource,
  keep: boolean,
): docker.Volume {
  return dockerVolume(name, owner, role, parent, { protect: keep, retainOnDelete: keep });
}
