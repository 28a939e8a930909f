import {
  DeployedError,
  deployedTowns as townsIn,
  randomSecrets,
  type DeployedTown,
  type StateResource,
} from "../../stack/deployed";
import { RANDOM_SECRET_TYPE, townOfSeed } from "../../components/core/names";
import { UserError } from "../console/project";
import type { Pulumi } from "./pulumi";

/** What the last `up` has left in a stack's state of each town; nothing for a stack that has never been up. */
export async function deployedTowns(pulumi: Pulumi): Promise<DeployedTown[]> {
  try {
    return townsIn(await resourcesOf(pulumi));
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
export async function publishedTowns(pulumi: Pulumi): Promise<Readonly<Record<string, PublishedTown>>> {
  const outputs = JSON.parse(await pulumi.outputs({ reveal: false })) as { towns?: Record<string, PublishedTown> };
  return outputs.towns ?? {};
}

/** The random secrets in a stack's state, by the names of their resources; none for a stack that has never been up. */
export async function secretsOf(pulumi: Pulumi): Promise<Map<string, string>> {
  return randomSecrets(await resourcesOf(pulumi));
}

/** The resources of a stack's state, secrets in plain text; without those that only wait for their deletion. */
async function resourcesOf(pulumi: Pulumi): Promise<StateResource[]> {
  const { resources = [] } = await pulumi.state({ reveal: true });
  return resources
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

/** Whether a stack's state holds an identity: the random text that a seed is made of. */
export async function holdsIdentity(pulumi: Pulumi): Promise<boolean> {
  const { resources = [] } = await pulumi.state();
  return resources.some(({ type, urn }) => type === RANDOM_SECRET_TYPE && townOfSeed(nameIn(urn)) !== undefined);
}

function nameIn(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
