import * as pulumi from "@pulumi/pulumi";
import { parseSettings, SettingsError, type Settings } from "./settings";
import { DeploymentError } from "../components/docker/deploymentError";

/**
 * The settings of the stack that is being deployed. All keys are read at once and in plain text, so that one pass finds
 * every problem before the first resource is registered; the components turn what is secret into secret Outputs. Throws
 * one error with a line for each problem and none of the values.
 */
export function readSettings(): Settings {
  try {
    const config = pulumi.runtime.allConfig();
    return parseSettings(config, pulumi.getStack(), Object.keys(config).filter(isConfigSecret));
  } catch (error) {
    // It is shown without a stack trace, which would bury the lines.
    throw error instanceof SettingsError ? new DeploymentError(error.message) : error;
  }
}

/**
 * Whether a key's value is encrypted in the config. The SDK knows it both for a program that the engine runs and for an
 * inline program of the Automation API, but leaves the function out of its types.
 */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
