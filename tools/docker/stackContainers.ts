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

/**
 * The containers of a stack, stopped ones too, by name; not among them the second daemon that `make verify` starts
 * beside it.
 */
export async function containersOf(docker: Docker, stack: string): Promise<ContainerState[]> {
  const list = await docker.listContainers({ all: true, filters: { label: [`town-ator.stack=${stack}`] } });
  const states = await Promise.all(
    list
      .map(({ Id, Labels }) => ({ id: Id, role: Labels["town-ator.role"] ?? "" }))
      .filter(({ role }) => role !== "verify")
      .map(async ({ id, role }): Promise<ContainerState> => {
        const { Name, State } = await docker.getContainer(id).inspect();
        return {
          name: Name.replace(/^\//, ""),
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
