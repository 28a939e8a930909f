import type Docker from "dockerode";
import { outputsOf, type Resource } from "../shared/provider";
import type { ResourceType } from "../shared/schema";
import { defined, type Properties } from "../shared/values";
import { calling, orMissing } from "./errors";
import { labels, toLabelList, toLabelMap, type Label } from "./labels";
import { removeWhenFree } from "./removeWhenFree";

/** docker:index/volume:Volume */
export const volumeType: ResourceType = {
  token: "docker:index/volume:Volume",
  inputs: {
    name: { kind: "string", change: "replace", computed: true },
    driver: { kind: "string", change: "replace", computed: true },
    driverOpts: { kind: "map", change: "replace" },
    labels: { kind: "objectSet", change: "replace", fields: labels },
  },
  outputs: ["mountpoint"],
  defaultsInInputs: true,
  autoNamed: true,
  deleteBeforeReplace: "when-named",
};

interface VolumeInputs {
  readonly name: string;
  readonly driver?: string;
  readonly driverOpts?: Record<string, string>;
  readonly labels?: Label[];
}

/** docker:index/volume:Volume, on the daemon that `docker` gives. A volume of the same name that exists already is adopted, data and all. */
export function volumeResource(docker: () => Docker): Resource {
  return {
    type: volumeType,

    async create(properties) {
      const inputs = properties as unknown as VolumeInputs;
      const request = {
        Name: inputs.name,
        Labels: toLabelMap(inputs.labels),
        ...(inputs.driver !== undefined && { Driver: inputs.driver }),
        ...(inputs.driverOpts !== undefined && { DriverOpts: inputs.driverOpts }),
      };
      await calling("Unable to create volume", docker().createVolume(request));
      const inspected = await docker().getVolume(inputs.name).inspect();
      return { id: inspected.Name, outputs: volumeState(inspected, outputsOf(volumeType.inputs, properties)) };
    },

    async read(id, olds) {
      const inspected = await orMissing(docker().getVolume(id).inspect());
      return inspected && volumeState(inspected, olds);
    },

    async delete(id) {
      await removeWhenFree(
        () => docker().getVolume(id).remove(),
        "last state: 'in_use'",
        "a container uses the volume",
      );
    },
  };
}

/** The outputs of a volume, from `docker volume inspect`. */
export function volumeState(inspected: Docker.VolumeInspectInfo, olds: Properties): Properties {
  const options = inspected.Options;
  return {
    ...olds,
    ...defined({
      name: inspected.Name,
      driver: inspected.Driver,
      driverOpts: options ?? (olds["driverOpts"] ? {} : undefined),
      labels: toLabelList(inspected.Labels),
      mountpoint: inspected.Mountpoint,
    }),
  };
}
