import type Docker from "dockerode";

/** Stops and removes a container, with the anonymous volumes that its image declares, if there is one of that name. */
export async function removeContainer(docker: Docker, name: string): Promise<void> {
  try {
    await docker.getContainer(name).remove({ force: true, v: true });
  } catch (error) {
    // 404: it has gone. 409: somebody, such as AutoRemove, is at it already.
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}
