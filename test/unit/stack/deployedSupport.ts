/** A stack's settings, and what its state says of a town, for tests of what an `up` would change. */
import { identityOfSeed, seedFromRandom } from "../../../components/core/identity";
import { Secret } from "../../../stack/secret";
import type { DeployedTown } from "../../../stack/deployed";
import { parseSettings, type Settings } from "../../../stack/settings";

export const TEXT = "s".repeat(43);
export const SEED = seedFromRandom(TEXT);
/** The addresses that the state's seed makes. */
export const OLD = identityOfSeed(SEED, 1).fingerprint;
export const SECOND = identityOfSeed(SEED, 2).fingerprint;

export function settings(towns: Record<string, unknown>, others: Record<string, unknown> = {}): Settings {
  const all = { towns, images: { anon: `anon@sha256:${"0".repeat(64)}` }, ...others };
  return parseSettings(
    Object.fromEntries(
      Object.entries(all).map(([key, value]) => [
        `town-ator:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    "dev",
  );
}

export function before(
  identities: Partial<DeployedTown["identities"][number]>[],
  more: Partial<DeployedTown> = {},
): DeployedTown {
  return {
    stack: "dev",
    town: "home",
    nodeId: "g.home",
    suffix: "anon",
    identities: identities.map((identity) => ({ number: 1, fingerprint: OLD, ...identity })),
    secretVersions: {},
    given: [],
    lostSecrets: [],
    seed: new Secret(SEED),
    ...more,
  };
}
