import * as pulumi from "@pulumi/pulumi";
import type { Owner } from "./core/names";

/**
 * Whose the Docker objects of a component are, unless it is told: those of the Pulumi program and stack that declare
 * it, as `<project>.<stack>`, and of the component by its name.
 */
export function ownerOf(name: string, owner?: Owner): Owner {
  return owner ?? { stack: `${pulumi.getProject()}.${pulumi.getStack()}`, town: name };
}
