import type Docker from "dockerode";
import { daemonMessage, orMissing } from "./errors";

/** What the Engine says when it fails, or stops halfway, in a pull or a build. */
interface Progress {
  readonly error?: string;
  readonly stream?: string;
}

/** A local image; undefined if there is none of that name or id. */
export function inspectImage(docker: Docker, name: string): Promise<Docker.ImageInspectInfo | undefined> {
  return orMissing(docker.getImage(name).inspect());
}

/** The image of that name or id; it is pulled if it isn't there. Throws `unable to pull image …` if that fails. */
export async function findImage(docker: Docker, name: string, platform = ""): Promise<Docker.ImageInspectInfo> {
  const local = await inspectImage(docker, name);
  if (local !== undefined) return local;
  try {
    const stream: NodeJS.ReadableStream = await docker.pull(name, platform === "" ? {} : { platform });
    await progress(docker, stream);
  } catch (error) {
    throw new Error(`unable to pull image ${name}: error pulling image ${name}: ${daemonMessage(error)}`, {
      cause: error,
    });
  }
  const pulled = await inspectImage(docker, name);
  if (pulled === undefined) throw new Error(`unable to find or pull image ${name}`);
  return pulled;
}

/** Follows a pull or a build to its end. Throws if the Engine reports a failure; the lines of output go to `onLine`. */
export async function progress(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onLine?: (line: string) => void,
): Promise<void> {
  const failure = await new Promise<string | undefined>((resolve, reject) => {
    let said: string | undefined;
    docker.modem.followProgress(
      stream,
      (error) => (error && said === undefined ? reject(error) : resolve(said)),
      (event: Progress) => {
        if (event.stream) for (const line of event.stream.split("\n")) if (line.trim() !== "") onLine?.(line);
        said ??= event.error;
      },
    );
  });
  if (failure !== undefined) throw new Error(failure);
}

/** The digest under which a registry knows the image, `<repository>@sha256:…`; "" for an image that was never pulled or pushed. */
export function repoDigest(name: string, digests: readonly string[] | null | undefined): string {
  const repository = name.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return digests?.find((digest) => digest.startsWith(`${repository}@`)) ?? "";
}
