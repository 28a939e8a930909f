import { identityOfSeed, seedFromRandom } from "../components/core/identity";
import { buildTowns, type StackOutputs } from "../stack/buildTowns";
import { parseSettings, type Settings } from "../stack/settings";
import { find, mockSecret, record, reveal, type Recorded } from "./mocks";

/** The seed of the town `home` under the mocks, and its first identity. */
export const SEED = seedFromRandom(mockSecret("home-identity-seed"));
export const IDENTITY = identityOfSeed(SEED, 1);

/** Build contexts that are never put together. */
export const build = (name: string) => ({
  context: () => ({ path: `contexts/${name}`, hash: name.padEnd(64, "0") }),
});
export const BUILDS = { anon: build("anon"), connector: build("connector"), relay: build("relay") };

export function settings(towns: Record<string, unknown>, others: Record<string, string> = {}): Settings {
  return parseSettings({ "town-ator:towns": JSON.stringify(towns), ...others }, "dev");
}

export const ONE_TOWN = { home: { nodeId: "g.home", peers: { "g.visitor": {} } } };

/** This program's stack `dev` with such towns, as the mocks record it. */
export async function built(towns: Record<string, unknown> = ONE_TOWN, others: Record<string, string> = {}) {
  let outputs: StackOutputs | undefined;
  const resources = await record(() => (outputs = buildTowns(settings(towns, others), BUILDS)));
  return { resources, outputs: outputs! };
}

export const container = (resources: readonly Recorded[], name: string) => find(resources, "Container", name);

/** What a one-shot is given, by the name that it has in the volume once it is installed. */
export function uploads(resource: Recorded): Record<string, string | undefined> {
  const all = reveal(resource.inputs["uploads"]) as { file: string; content?: string; contentBase64?: string }[];
  return Object.fromEntries(
    all.map(({ file, content, contentBase64 }) => [
      file.replace(/(?<=^\/files\/)\.new\.[0-9a-f]{16}\./, ""),
      content ?? contentBase64,
    ]),
  );
}

export const volumesOf = (resource: Recorded) =>
  resource.inputs["volumes"] as { volumeName: string; containerPath: string; readOnly?: boolean }[];
