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
