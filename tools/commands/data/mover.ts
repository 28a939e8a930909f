import { createInterface } from "node:readline/promises";
import { demultiplexed } from "../../docker/dockerText";
import { hardened } from "../../docker/hardened";
import { STAGE, ASIDE } from "./dataFile";
import { DATA_PATHS, MARK } from "../../docker/lastBackup";
import { UserError } from "../../console/project";
import type { DataContainer, TownData } from "./townData";

/** A container beside another that can move files in its data volume. */
export interface Mover {
  /** Puts what a tar archive holds into the stage, a folder of the volume that goes with the container. */
  stage(archive: NodeJS.ReadableStream, signal: AbortSignal): Promise<void>;
  /** Moves what the volume has into its folder `aside`, and what is in the stage to its place. */
  move(aside: string): Promise<void>;
  /** Ends it. Safe to call more than once. */
  end(): Promise<void>;
}

/**
 * Waits for the name of a folder on standard input, then makes the moves. If standard input ends without a name,
 * because the command that started this is gone, removes the stage and does nothing else.
 */
const MOVE = `set -eu
umask 077
cd "$1"
rm -rf ${STAGE}
mkdir ${STAGE}
trap 'rm -rf ${STAGE}' EXIT
echo ready
read -r aside
mkdir "$aside"
for old in * .[!.]* ..?*; do
  case $old in ${MARK} | ${STAGE} | ${ASIDE}*) continue ;; esac
  if [ -e "$old" ] || [ -L "$old" ]; then mv "$old" "$aside/"; fi
done
for new in ${STAGE}/* ${STAGE}/.[!.]* ${STAGE}/..?*; do
  if [ -e "$new" ]; then mv "$new" .; fi
done
echo moved`;

/** Starts a mover beside a container, in its image. Throws a UserError if it does not come up. */
export async function startMover(
  { docker, stack, town }: TownData,
  { keeper, name: beside, image, volume }: DataContainer,
): Promise<Mover> {
  const [name, data] = [`${beside}-restore`, DATA_PATHS[keeper]];
  await docker
    .getContainer(name)
    .remove({ force: true })
    .catch(() => undefined);
  const container = await docker.createContainer({
    name,
    Image: image,
    Entrypoint: ["/bin/sh", "-c", MOVE, "restore"],
    Cmd: [data],
    Labels: { "town-ator.stack": stack, "town-ator.town": town, "town-ator.role": "restore" },
    OpenStdin: true,
    // With its input goes the container, also when this process is killed.
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...hardened(64, { NetworkMode: "none", Binds: [`${volume}:${data}`] }),
  });
  try {
    const input = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
    const lines = createInterface({ input: demultiplexed(input) })[Symbol.asyncIterator]();
    const ended = container.wait({ condition: "removed" }).catch(() => undefined);
    const expects = async (word: string) => {
      const { value } = (await lines.next()) as IteratorResult<string, undefined>;
      if (value !== word) throw new UserError(`The data could not be put in place: ${value ?? "no container for it"}.`);
    };
    await container.start();
    await expects("ready");
    return {
      stage: async (archive, signal) => {
        await container.putArchive(archive, { path: `${data}/${STAGE}`, abortSignal: signal });
      },
      move: async (aside) => {
        input.write(`${aside}\n`);
        await expects("moved");
      },
      end: async () => {
        input.end();
        await ended;
      },
    };
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined);
    throw error;
  }
}
