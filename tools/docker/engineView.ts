import type Docker from "dockerode";

/** A container as the Engine lists it. */
export interface SeenContainer {
  readonly id: string;
  /** Docker's word: running, exited, restarting, created … */
  readonly status: string;
  /** Undefined unless it has ended. */
  readonly exitCode: number | undefined;
  /** The id of each network that it is attached to, by the network's name. */
  readonly networks: ReadonlyMap<string, string>;
}

/** What an Engine has, by name. */
export interface EngineView {
  readonly containers: ReadonlyMap<string, SeenContainer>;
  /** Ids of the networks. */
  readonly networks: ReadonlyMap<string, string>;
  readonly volumes: ReadonlySet<string>;
}

/** Lists all containers (stopped ones too), networks and volumes of an Engine: three calls, made side by side. */
export async function viewEngine(docker: Docker): Promise<EngineView> {
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  return {
    containers: new Map(containers.map((listed) => [listed.Names[0]?.replace(/^\//, "") ?? listed.Id, seen(listed)])),
    networks: new Map(networks.map(({ Name: name, Id: id }) => [name, id])),
    volumes: new Set(volumes.map(({ Name: name }) => name)),
  };
}

function seen({ Id: id, State: status, Status, NetworkSettings }: Docker.ContainerInfo): SeenContainer {
  // The list has an exit code only in words: "Exited (3) 5 minutes ago".
  const exitCode = /^Exited \((\d+)\)/.exec(Status)?.[1];
  const networks = Object.entries(NetworkSettings?.Networks ?? {});
  return {
    id,
    status,
    exitCode: exitCode === undefined ? undefined : Number(exitCode),
    networks: new Map(networks.map(([name, { NetworkID }]) => [name, NetworkID])),
  };
}
