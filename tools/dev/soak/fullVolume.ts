import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../../console/project";
import { run } from "../../console/run";
import { secondsOf } from "../bench/turns";
import { make } from "../make";
import type { Scene, Struck } from "./scene";

/** Room that a volume has before it is full, in KiB. */
const ROOM_KIB = 512;

/** A small file system in the place of a container's volume. */
interface SmallVolume {
  readonly fill: () => Promise<void>;
  readonly makeRoom: () => Promise<void>;
}

/** Does something with a small volume; then the volume itself is put back, with what is in the small one. */
async function withSmallVolume(
  { docker, outside }: Scene,
  name: string,
  folder: string,
  use: (volume: SmallVolume) => Promise<Struck>,
): Promise<Struck> {
  const container = docker.getContainer(name);
  const { Mounts } = await container.inspect();
  const source = Mounts.find(({ Destination }) => Destination === folder)?.Source;
  if (!source) throw new UserError(`${name} has no volume at ${folder}.`);
  const shell = async (script: string) => {
    const { exitCode, all } = await run("sh", ["-ec", script, "sh", source], { reject: false });
    if (exitCode !== 0) throw new UserError(`The small file system in the place of ${source} fails:\n${all}`);
  };
  await container.stop();
  await shell(`
    rm -rf "$1.kept"; cp -a "$1" "$1.kept"
    mount -t tmpfs -o size=$(($(du -sk "$1" | cut -f1) + ${ROOM_KIB}))k tmpfs "$1"
    cp -a "$1.kept/." "$1"`);
  await container.start();
  if ((await outside.untilReached()) === undefined) throw new UserError(`${name} does not start with a small volume.`);
  try {
    return await use({
      fill: () => shell('! dd if=/dev/zero of="$1/.ballast" bs=4k 2>/dev/null'),
      makeRoom: () => shell('rm "$1/.ballast"'),
    });
  } finally {
    await container.stop();
    await shell('rm -rf "$1.kept"; cp -a "$1" "$1.kept"; umount "$1"; cp -a "$1.kept/." "$1"; rm -rf "$1.kept"');
    await container.start();
  }
}

/**
 * Fills a volume while the town runs, starts its container again while it is full, and makes room. Notes what a peer
 * saw before there was room; the town's time begins with the room.
 */
export function fullVolume(scene: Scene, name: string, folder: string): Promise<Struck> {
  const { docker, outside } = scene;
  return withSmallVolume(scene, name, folder, async ({ fill, makeRoom }) => {
    await fill();
    await delay(10_000);
    const running = await outside.reaches({ healthy: false });
    await docker.getContainer(name).restart();
    const restarted = await outside.untilReached(60_000);
    await makeRoom();
    const seconds = await outside.untilReached();
    if (seconds === undefined) throw new UserError("not reached with room in the volume");
    const words = [
      running ? "reached while full" : "not reached while full",
      restarted === undefined
        ? "started again while full: not reached until there is room"
        : `started again while full: reached after ${restarted.toFixed(1)} s`,
    ];
    return { seconds, note: words.join("; ") };
  });
}

/**
 * Fills the volume with a container's files before an `up` that changes them. Throws a UserError unless that fails, the
 * town is reached all the same, and an `up` with room again succeeds; the town's time begins with the room.
 */
export function fullFiles(scene: Scene, name: string): Promise<Struck> {
  const { stack, outside, change } = scene;
  return withSmallVolume(scene, name, "/etc/town-ator", async ({ fill, makeRoom }) => {
    await fill();
    await change();
    const succeeds = await make("up", stack).then(
      () => true,
      () => false,
    );
    if (succeeds) throw new UserError("`make up` has succeeded with a full volume");
    // The one-shot that has failed is none that is well.
    if (!(await outside.reaches({ healthy: false })))
      throw new UserError("the failed `make up` has taken the town down");
    await makeRoom();
    const seconds = await secondsOf(async () => {
      await make("up", stack);
      await outside.untilReached();
    });
    return {
      seconds,
      note: "the first `make up` fails, and the town is reached all the same; with room, one `make up`",
    };
  });
}
