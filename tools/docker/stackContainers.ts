import type Docker from "dockerode";

/** What decides whether a container is healthy. */
export interface ContainerState {
  readonly name: string;
  /** Its label `town-ator.role`. */
  readonly role: string;
  /** Docker's word: running, exited, restarting, created … */
  readonly status: string;
  readonly exitCode: number;
  /** Docker's word: healthy, unhealthy, starting; undefined without a health check. */
  readonly health?: string | undefined;
  /** Output of the last health probe. */
  readonly lastProbe?: string | undefined;
  /** Why Docker could not start it; empty if it could. */
  readonly error: string;
}

/** Docker's filter for what belongs to a stack. */
export function labelled(stack: string): { label: string[] } {
  return { label: [`town-ator.stack=${stack}`] };
}

/** A container as the Engine lists it. */
export interface ListedContainer extends Docker.ContainerInfo {
  readonly name: string;
}

/** The containers of a stack as the Engine lists them, also those that have ended. */
export async function listContainers(docker: Docker, stack: string): Promise<ListedContainer[]> {
  const list = await docker.listContainers({ all: true, filters: labelled(stack) });
  return list.map((info) => ({ ...info, name: (info.Names[0] ?? info.Id).replace(/^\//, "") }));
}

/** The roles of containers that our commands start beside a stack. */
const OF_TOOLS = ["verify", "restore"];

/** The containers of a stack, stopped ones too, by name; not among them those that a command has started beside it. */
export async function containersOf(docker: Docker, stack: string): Promise<ContainerState[]> {
  const states = await Promise.all(
    (await listContainers(docker, stack))
      .map(({ Id, name, Labels }) => ({ id: Id, name, role: Labels["town-ator.role"] ?? "" }))
      .filter(({ role }) => !OF_TOOLS.includes(role))
      .map(async ({ id, name, role }): Promise<ContainerState> => {
        const { State } = await docker.getContainer(id).inspect();
        return {
          name,
          role,
          status: State.Status,
          exitCode: State.ExitCode,
          health: State.Health?.Status,
          lastProbe: State.Health?.Log?.at(-1)?.Output,
          error: State.Error,
        };
      }),
  );
  return states.sort((a, b) => (a.name < b.name ? -1 : 1));
}
