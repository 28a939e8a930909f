import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { hashOf, type BuildContext } from "./buildContext";

/** How to build an image on the Docker host. */
export interface LocalBuild {
  /** Puts the build context together; called only when the image is to be built. */
  readonly context: () => BuildContext;
  /** The image to build on. Default: the Dockerfile's own. */
  readonly base?: string | undefined;
}

/** Declares an image that is pulled; gives its id. */
export function pulledImage(
  name: string,
  reference: string,
  opts?: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return new docker.RemoteImage(name, { name: reference, keepLocally: true }, opts).imageId;
}

/** Declares an image `town-ator/<repository>` that is built on the Docker host; gives its id. */
export function builtImage(
  name: string,
  repository: string,
  { context, base }: LocalBuild,
  opts?: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const { path, hash } = context();
  const args: docker.RemoteImageArgs = {
    name: builtName(repository, hash, base),
    // Without the hash the provider would not notice that a file has changed.
    triggers: { context: hash },
    // Removing an image that a container still uses fails, and another stack may use this one.
    keepLocally: true,
    build: { context: path, ...(base === undefined ? {} : { buildArgs: { BASE: base } }) },
  };
  return new docker.RemoteImage(name, args, opts).imageId;
}

/**
 * The name of a built image. Stacks that build on different bases share a Docker host, and each would take the other's
 * image for its own if only the context told the names apart.
 */
export function builtName(repository: string, hash: string, base?: string): string {
  const tag = base === undefined ? hash : hashOf([], [hash, base]);
  return `town-ator/${repository}:${tag.slice(0, 12)}`;
}
