import * as pulumi from "@pulumi/pulumi";
import { parseSettings, SettingsError, type Settings } from "./settings";
import { DeploymentError } from "../components/docker/deploymentError";

/**
 * The settings of the stack that is being deployed. All keys are read at once and in plain text, so that one pass finds
 * every problem before the first resource is registered; the components make secrets of what is secret. Throws one
 * error with a line for each problem, and none of the values.
 */
export function readSettings(): Settings {
  try {
    return parseSettings(pulumi.runtime.allConfig(), pulumi.getStack(), secretKeys());
  } catch (error) {
    // It is shown without a stack trace, which would bury the lines.
    throw error instanceof SettingsError ? new DeploymentError(error.message) : error;
  }
}

/**
 * The keys whose values are encrypted in the config; Pulumi's SDK reads them from here too (its runtime/config.ts), but
 * does not offer them.
 */
function secretKeys(): string[] {
  return JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] || "[]") as string[];
}
