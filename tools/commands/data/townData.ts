import type Docker from "dockerode";
import { dockerName } from "../../../components/core/names";
import { PATHS } from "../../../components/core/ports";
import { parseSettings } from "../../../stack/settings";
import { UserError } from "../../console/project";
import { say } from "../../console/say";
import { couldNotLook, dockerClient } from "../../docker/dockerHost";
import { openPulumi } from "../../pulumi/stack";
import type { Options } from "../options";
import { townNamed } from "../stackAccess";

/** A town's connector and its data, on their Docker host. */
export interface TownData {
  readonly stack: string;
  readonly town: string;
  readonly nodeId: string;
  readonly docker: Docker;
  /** Name of the connector's container. */
  readonly connector: string;
  /** The connector's image, by id. */
  readonly image: string;
  /** The volume that the connector has at `PATHS.connectorData`. */
  readonly volume: string;
  readonly say: (line: string) => void;
}

/** Finds a town's connector. Throws a UserError if there is no such town, or none of it on the Docker host. */
export async function openTownData({ stack, town: name }: Pick<Options, "stack" | "town">): Promise<TownData> {
  const pulumi = await openPulumi(stack);
  const { name: town, nodeId } = townNamed(parseSettings(await pulumi.config(), stack), name);
  const { dockerHost } = pulumi.environment;
  const docker = dockerClient(dockerHost);
  const connector = dockerName({ stack, town }, "connector");
  let info: Docker.ContainerInspectInfo;
  try {
    info = await docker.getContainer(connector).inspect();
  } catch (error) {
    const missing = (error as { statusCode?: number }).statusCode === 404;
    throw new UserError(
      missing ? `There is no container ${connector}: run \`make up\` first.` : `${couldNotLook(dockerHost, error)}.`,
    );
  }
  const volume = info.Mounts.find(
    ({ Type, Destination }) => Type === "volume" && Destination === PATHS.connectorData,
  )?.Name;
  if (volume === undefined)
    throw new UserError(`The container ${connector} has no volume at ${PATHS.connectorData}: run \`make up\` first.`);
  return { stack, town, nodeId, docker, connector, image: info.Image, volume, say };
}

/** What is said of the time in which the connector was stopped. */
export function downtime(connector: string, downMs: number | undefined): string {
  if (downMs === undefined) return `${connector} was not running, and still is not`;
  return `the connector was down for ${(downMs / 1000).toFixed(1)} s`;
}
