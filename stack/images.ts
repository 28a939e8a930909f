import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { BUILD, type Settings } from "./settings";
import type { ImageContext } from "./imageContexts";

/** The ids of the images that a stack's containers run. */
export interface Images {
  readonly anon: pulumi.Output<string>;
  readonly connector: pulumi.Output<string>;
}

/** How to build one of this project's own images. */
export interface LocalBuild {
  /** Puts the context together; called only when the image is to be built. */
  readonly context: () => ImageContext;
  /** An image to build on in place of the Dockerfile's own; for machines that no registry answers. */
  readonly base?: string | undefined;
}

/** Declares the two images of a stack, each built on the Docker host or pulled by digest. */
export function stackImages(
  settings: Settings,
  builds: { readonly anon: LocalBuild; readonly connector: LocalBuild },
): Images {
  return {
    anon: image("anon", settings.images.anon, builds.anon),
    connector: image("connector", settings.images.connector, builds.connector),
  };
}

function image(name: string, reference: string, build: LocalBuild): pulumi.Output<string> {
  return new docker.RemoteImage(
    `${name}-image`,
    reference === BUILD ? built(name, build) : { name: reference, keepLocally: true },
  ).imageId;
}

function built(name: string, build: LocalBuild): docker.RemoteImageArgs {
  const { path, hash } = build.context();
  return {
    name: `town-ator/${name}:${hash.slice(0, 12)}`,
    // Without the hash the provider would not see that a file has changed.
    triggers: { context: hash },
    // Removing an image that a container still uses fails, and one stack's image is another's.
    keepLocally: true,
    build: { context: path, ...(build.base === undefined ? {} : { buildArgs: { BASE: build.base } }) },
  };
}
