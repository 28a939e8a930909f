import {
  DeployedError,
  deployedTowns as townsIn,
  randomSecrets,
  type DeployedTown,
  type StateResource,
} from "../../stack/deployed";
import { RANDOM_SECRET_TYPE, townOfSeed } from "../../components/core/names";
import { redact } from "../../components/core/redact";
import type { Environment } from "./environment";
import { projectDirectory, UserError } from "../console/project";
import { run } from "../console/run";

/** A stack's config as the program would get it, secrets in plain text. */
export async function configOf(environment: Environment, chosen: string[]): Promise<Record<string, string>> {
  const json = await pulumi(environment, ["config", "--json", "--show-secrets", ...chosen]);
  const entries = Object.entries(JSON.parse(json) as Record<string, { value: string }>);
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

/** What the last `up` has left in a stack's state of each town; nothing for a stack that has never been up. */
export async function deployedTowns(environment: Environment, stack: string): Promise<DeployedTown[]> {
  try {
    return townsIn(await resourcesOf(environment, stack));
  } catch (error) {
    throw error instanceof DeployedError ? new UserError(error.message) : error;
  }
}

/** Which addresses of a town are published, by their fingerprints. */
export interface PublishedTown {
  readonly fingerprint: string;
  readonly next?: { readonly fingerprint: string };
  readonly previous?: { readonly fingerprint: string };
}

/**
 * What a stack's outputs say of its towns, by name, and none of the secrets in it; nothing for a stack that is not up.
 */
export async function publishedTowns(
  environment: Environment,
  stack: string,
): Promise<Readonly<Record<string, PublishedTown>>> {
  const json = await pulumi(environment, ["stack", "output", "--json", "--stack", stack]);
  return (JSON.parse(json) as { towns?: Record<string, PublishedTown> }).towns ?? {};
}

/** The random secrets in a stack's state, by the names of their resources; none for a stack that has never been up. */
export async function secretsOf(environment: Environment, stack: string): Promise<Map<string, string>> {
  return randomSecrets(await resourcesOf(environment, stack));
}

/** The resources of a stack's state, secrets in plain text; without those that only wait for their deletion. */
async function resourcesOf(environment: Environment, stack: string): Promise<StateResource[]> {
  const json = await pulumi(environment, ["stack", "export", "--show-secrets", "--stack", stack]);
  const { deployment } = JSON.parse(json) as {
    deployment: { resources?: (StateResource & { readonly delete?: boolean })[] };
  };
  return (deployment.resources ?? [])
    .filter((resource) => !resource.delete)
    .map(({ urn, type, outputs = {} }) => ({
      urn,
      type,
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, plain(value)])),
    }));
}

/** A secret of an exported state is a map with its JSON as `plaintext`. */
function plain(value: unknown): unknown {
  const { plaintext } = (value ?? {}) as { plaintext?: unknown };
  return typeof plaintext === "string" ? JSON.parse(plaintext) : value;
}

async function pulumi(environment: Environment, args: string[]): Promise<string> {
  const result = await run(environment.pulumi, [...args, "--non-interactive"], {
    cwd: projectDirectory,
    env: environment.env,
    reject: false,
  });
  if (result.exitCode !== 0) throw new UserError(`\`pulumi ${args[0]}\` fails:\n${redact(result.stderr)}`);
  return result.stdout;
}

/** Whether a stack's state holds an identity: the random text that a seed is made of. */
export async function holdsIdentity(environment: Environment, stack: string): Promise<boolean> {
  const json = await pulumi(environment, ["stack", "export", "--stack", stack]);
  const { deployment } = JSON.parse(json) as { deployment: { resources?: { type: string; urn: string }[] } };
  return (deployment.resources ?? []).some(
    ({ type, urn }) => type === RANDOM_SECRET_TYPE && townOfSeed(nameIn(urn)) !== undefined,
  );
}

function nameIn(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
