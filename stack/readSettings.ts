import * as pulumi from "@pulumi/pulumi";
import { parseSettings, SettingsError, type Settings } from "./settings";
import { DeploymentError } from "../components/docker/deploymentError";

/**
 * The settings of the stack that is being deployed. All keys are read at once and in plain text, so that one pass finds
 * every problem before the first resource is registered; the components turn what is secret into secret Outputs. Throws
 * one error with a line for each problem and none of the values.
 *
 * Pulumi hands the decrypted config to the program in its environment. It is taken out, so that no child process
 * inherits it; the SDK keeps a copy of its own.
 */
export function readSettings(): Settings {
  try {
    const config = pulumi.runtime.allConfig();
    for (const name of CONFIG_VARIABLES) delete process.env[name];
    return parseSettings(config, pulumi.getStack(), Object.keys(config).filter(isConfigSecret));
  } catch (error) {
    // It is shown without a stack trace, which would bury the lines.
    throw error instanceof SettingsError ? new DeploymentError(error.message) : error;
  }
}

/** In which the language host passes the config and the names of its secret keys (SDK: runtime/config.ts). */
const CONFIG_VARIABLES = ["PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS"];

/**
 * Whether a key's value is encrypted in the config. The SDK knows it both for a program that the engine runs and for an
 * inline program of the Automation API, but leaves the function out of its types.
 */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
