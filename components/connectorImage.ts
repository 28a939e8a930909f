import type * as pulumi from "@pulumi/pulumi";
import { PUBLISHED_CONNECTOR } from "./core/connectorFiles";
import { pulledImage } from "./docker/image";

export interface ConnectorImageArgs {
  /** The image to pull, as `name@sha256:<64 hex digits>`. Default: {@link PUBLISHED_CONNECTOR}. */
  readonly reference?: string | undefined;
}

/** Declares the connector's image; gives its id. */
export function connectorImage(
  name: string,
  { reference = PUBLISHED_CONNECTOR }: ConnectorImageArgs = {},
  opts?: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return pulledImage(name, reference, opts);
}
