import { z } from "zod";
import { deployedTowns, randomSecrets, type DeployedTown, type StateResource } from "../../stack/deployed";
import { RANDOM_SECRET_TYPE, townOfSeed } from "../../components/core/names";
import { nameIn, type Pulumi } from "./pulumi";

/** What the last `up` has left in a stack's state; nothing for a stack that has never been up. */
export interface StackState {
  readonly deployed: readonly DeployedTown[];
  /** The random secrets, by the names of their resources. */
  readonly random: ReadonlyMap<string, string>;
}

/** Reads a stack's state. Throws a DeployedError if a town in it has an unknown format. */
export async function readStackState(pulumi: Pulumi): Promise<StackState> {
  const resources = await resourcesOf(pulumi);
  return { deployed: deployedTowns(resources), random: randomSecrets(resources) };
}

const fingerprint = z.object({ fingerprint: z.string() });
const publishedSchema = z.object({
  towns: z
    .record(z.string(), fingerprint.extend({ next: fingerprint.optional(), previous: fingerprint.optional() }))
    .default({}),
});

/** Which addresses of a town are published, by their fingerprints. */
export type PublishedTown = z.output<typeof publishedSchema>["towns"][string];

/**
 * The fingerprints in a stack's outputs, by town, which are secret in an anonymous stack; nothing for a stack that is
 * not up.
 */
export async function publishedTowns(pulumi: Pulumi): Promise<Readonly<Record<string, PublishedTown>>> {
  return publishedSchema.parse(JSON.parse(await pulumi.outputs({ reveal: true }))).towns;
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
