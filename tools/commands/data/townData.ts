import type Docker from "dockerode";
import { dockerName, type Owner } from "../../../components/core/names";
import { parseSettings } from "../../../stack/settings";
import { ofStack } from "../../../stack/ofStack";
import { UserError } from "../../console/project";
import { say } from "../../console/say";
import { couldNotLook, dockerClient, type DockerHost } from "../../docker/dockerHost";
import { DATA_PATHS, type Keeper } from "../../docker/lastBackup";
import { whileStopped } from "../../docker/whileStopped";
import { openPulumi } from "../../pulumi/stack";
import type { Options } from "../options";
import { townNamed } from "../stackAccess";

/** A container that keeps data of a town. */
export interface DataContainer {
  readonly keeper: Keeper;
  readonly name: string;
  /** Its image, by id. */
  readonly image: string;
  /** The volume that it has at its path of `DATA_PATHS`. */
  readonly volume: string;
}

/** A town and what keeps its data, on their Docker host. */
export interface TownData {
  readonly stack: string;
  readonly town: string;
  readonly nodeId: string;
  readonly docker: Docker;
  /** The connector, and then the town's own relay if it has one. */
  readonly containers: readonly DataContainer[];
  readonly say: (line: string) => void;
}

/** Finds what keeps a town's data. Throws a UserError if there is no such town, or not all of it on the Docker host. */
export async function openTownData({ stack, town: name }: Pick<Options, "stack" | "town">): Promise<TownData> {
  const pulumi = await openPulumi(stack);
  const { name: town, nodeId, relay } = townNamed(parseSettings(await pulumi.config(), stack), name);
  const { dockerHost } = pulumi.environment;
  const docker = dockerClient(dockerHost);
  const find = (keeper: Keeper) => dataContainer(docker, dockerHost, keeper, { stack, town });
  const containers = [await find("connector"), ...(relay ? [await find("relay")] : [])];
  return { stack, town, nodeId, docker, containers, say };
}

async function dataContainer(
  docker: Docker,
  dockerHost: DockerHost,
  keeper: Keeper,
  owner: Owner,
): Promise<DataContainer> {
  const name = dockerName(owner, keeper);
  const of = ofStack(owner.stack);
  let info: Docker.ContainerInspectInfo;
  try {
    info = await docker.getContainer(name).inspect();
  } catch (error) {
    const missing = (error as { statusCode?: number }).statusCode === 404;
    throw new UserError(
      missing ? `There is no container ${name}: run \`make up${of}\` first.` : `${couldNotLook(dockerHost, error)}.`,
    );
  }
  const path = DATA_PATHS[keeper];
  const volume = info.Mounts.find(({ Type, Destination }) => Type === "volume" && Destination === path)?.Name;
  if (volume === undefined)
    throw new UserError(`The container ${name} has no volume at ${path}: run \`make up${of}\` first.`);
  return { keeper, name, image: info.Image, volume };
}

/**
 * Runs `work` while some containers of a town are stopped, and starts them again however that ends. Gives a line for
 * each, which says for how long it was down. The last one stops first and starts last: a relay looks for its connector
 * for half a minute and no longer.
 */
export async function whileAllStopped<T>(
  town: Pick<TownData, "docker" | "stack">,
  containers: readonly DataContainer[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly downtimes: readonly string[] }> {
  const last = containers.at(-1);
  if (last === undefined) return { result: await work(), downtimes: [] };
  const { result: others, downMs } = await whileStopped(town.docker.getContainer(last.name), town.stack, signal, () =>
    whileAllStopped(town, containers.slice(0, -1), signal, work),
  );
  return { result: others.result, downtimes: [...others.downtimes, downtime(last, downMs)] };
}

function downtime({ keeper, name }: DataContainer, downMs: number | undefined): string {
  if (downMs === undefined) return `${name} was not running, and still is not`;
  return `the ${keeper} was down for ${(downMs / 1000).toFixed(1)} s`;
}
