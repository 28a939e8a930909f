import * as pulumi from "@pulumi/pulumi";
import { DeployedError, deployedTowns, type DeployedTown, type StateResource } from "./deployed";
import { DeploymentError } from "../components/docker/deploymentError";

/**
 * The towns of this very stack as its last `up` has left them in the state; none before the first. The engine's own
 * provider is asked (pulumi's pkg/resource/deploy/builtins.go), which costs about a tenth of a second and registers
 * nothing.
 */
export async function readDeployed(): Promise<DeployedTown[]> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as {
    outputs: Record<string, Omit<StateResource, "urn">>;
  };
  try {
    return deployedTowns(Object.entries(outputs).map(([urn, resource]) => ({ urn, ...resource })));
  } catch (error) {
    throw error instanceof DeployedError ? new DeploymentError(error.message) : error;
  }
}
