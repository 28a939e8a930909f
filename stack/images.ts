import type * as pulumi from "@pulumi/pulumi";
import { anonImage } from "../components/anonImage";
import { connectorImage } from "../components/connectorImage";
import { builtImage, pulledImage, type LocalBuild } from "../components/docker/image";
import { BUILD, type Settings } from "./settings";

/** How to build each of this project's images. */
export interface Builds {
  readonly anon: LocalBuild;
  readonly connector: LocalBuild;
  readonly relay: LocalBuild;
}

/** The ids of the images that a stack's containers run. */
export interface Images {
  readonly anon: pulumi.Output<string>;
  readonly connector: pulumi.Output<string>;
  /** Where a town has a relay of its own. */
  readonly relay?: pulumi.Output<string>;
}

/** Declares the images of a stack, each built on the Docker host or pulled by digest. */
export function stackImages({ images, towns }: Settings, builds: Builds): Images {
  return {
    anon: anonImage("anon-image", images.anon === BUILD ? builds.anon : { reference: images.anon }),
    connector:
      images.connector === BUILD
        ? builtImage("connector-image", "connector", builds.connector)
        : connectorImage("connector-image", { reference: images.connector }),
    ...(towns.some(({ relay }) => relay) && {
      relay:
        images.relay === BUILD
          ? builtImage("relay-image", "relay", builds.relay)
          : pulledImage("relay-image", images.relay),
    }),
  };
}
