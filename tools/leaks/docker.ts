import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type Docker from "dockerode";
import { logText } from "../docker/dockerText";
import type { Place } from "./scan";
import type { Scene } from "./scene";
import { eachTarEntry } from "./tar";

type Look = (place: Place) => Promise<void>;

/** A container of a stack. */
export interface StackContainer {
  readonly id: string;
  readonly name: string;
  /** The id of its image. */
  readonly image: string;
  readonly running: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** All containers of a stack, one-shots that have ended among them. */
export async function stackContainers({ docker, stack }: Pick<Scene, "docker" | "stack">): Promise<StackContainer[]> {
  const list = await docker.listContainers({ all: true, filters: filtersOf(stack) });
  return list.map(({ Id, Names, ImageID, State, Labels }) => ({
    id: Id,
    name: (Names[0] ?? Id).replace(/^\//, ""),
    image: ImageID,
    running: State === "running",
    labels: Labels,
  }));
}

function filtersOf(stack: string): { label: string[] } {
  return { label: [`town-ator.stack=${stack}`] };
}

/**
 * The whole of `docker inspect` (environment, labels, command, mounts, health probes with what they print) of every
 * container, network and volume.
 */
export async function collectInspect({ docker, stack }: Scene, look: Look): Promise<void> {
  const filters = filtersOf(stack);
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const objects: [string, string, { inspect(): Promise<unknown> }][] = [
    ...containers.map(({ Id, Names }): (typeof objects)[number] => [
      "container",
      (Names[0] ?? Id).replace(/^\//, ""),
      docker.getContainer(Id),
    ]),
    ...networks.map(({ Id, Name }): (typeof objects)[number] => ["network", Name, docker.getNetwork(Id)]),
    ...volumes.map(({ Name }): (typeof objects)[number] => ["volume", Name, docker.getVolume(Name)]),
  ];
  for (const [kind, name, object] of objects)
    await look({ place: `docker ${kind} inspect ${name}`, content: JSON.stringify(await object.inspect()) });
}

/** `docker logs` of every container. */
export async function collectLogs(scene: Scene, look: Look): Promise<void> {
  for (const { id, name } of await stackContainers(scene))
    await look({ place: `docker logs ${name}`, content: await logText(scene.docker, id) });
}

/** `docker image inspect` and `docker history` of every image that a container is made from. */
export async function collectImages(scene: Scene, look: Look): Promise<void> {
  for (const [id, image] of await stackImages(scene)) {
    await look({ place: `docker image inspect ${id}`, content: JSON.stringify(await image.inspect()) });
    await look({ place: `docker history ${id}`, content: JSON.stringify(await image.history()) });
  }
}

/** Bytes of an image that are looked at; ours have 165 MB together. */
const MOST_BYTES = 4 * 1024 ** 3;

/** Everything in the layers of every image, as `docker save` gives it; compressed layers are unpacked. */
export async function collectImageLayers(scene: Scene, look: Look): Promise<void> {
  for (const [id, image] of await stackImages(scene)) {
    let left = MOST_BYTES;
    await eachTarEntry(await image.get(), async ({ name, type }, content) => {
      if (type !== "file") return;
      const faults: { what: string; why: string }[] = [];
      const bounded = async function* () {
        for await (const piece of unpacked(content, (why) => faults.push({ what: name, why }))) {
          left -= piece.length;
          if (left >= 0) yield piece;
        }
      };
      await look({ place: `image ${id}, ${name}`, content: bounded(), faults });
    });
    if (left < 0)
      await look({
        place: `image ${id}`,
        content: "",
        faults: [{ what: "its layers", why: `more than ${MOST_BYTES} bytes, the rest was not looked at` }],
      });
  }
}

async function stackImages(scene: Scene): Promise<[string, Docker.Image][]> {
  const ids = new Set((await stackContainers(scene)).map(({ image }) => image));
  return [...ids].sort().map((id) => [id.slice(0, 19), scene.docker.getImage(id)]);
}

/** The first bytes of what gzip (RFC 1952) and Zstandard (RFC 8878) have packed. */
const GZIP = Buffer.from("1f8b", "hex");
const ZSTANDARD = Buffer.from("28b52ffd", "hex");

async function* unpacked(content: Readable, refuse: (why: string) => void): AsyncGenerator<Uint8Array> {
  const pieces = content[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await pieces.next();
  if (first.done) return;
  const rest = async function* () {
    yield first.value;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  };
  if (first.value.subarray(0, 4).equals(ZSTANDARD)) {
    refuse("packed by Zstandard, so it was not looked at");
    yield* rest();
  } else if (first.value.subarray(0, 2).equals(GZIP)) {
    const { Readable } = await import("node:stream");
    yield* Readable.from(rest()).pipe(createGunzip()) as AsyncIterable<Uint8Array>;
  } else {
    yield* rest();
  }
}
