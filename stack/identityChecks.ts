import {
  fingerprintOf,
  identityFromKeyFile,
  IdentityError,
  parseIdentityText,
  SUFFIXES,
  type Suffix,
} from "../components/core/identity";
import type { Problem } from "./problems";
import { asMap, repeated, type Map, type RawTown } from "./rawConfig";

/**
 * The rules between a town's identities, their keys and the addresses that are given up. Raw input, as in {@link
 * crossChecks} of settingsChecks.ts.
 */
export function identityChecks(raw: Map, towns: readonly RawTown[]): Problem[] {
  const adopted = adoptedKeys(raw);
  return [
    ...towns.flatMap(numbers),
    ...strayKeys(raw, towns),
    ...sharedKeys(adopted),
    ...sharedSeeds(raw),
    ...retiredAndPublished(raw, towns, adopted),
  ];
}

function numbers({ name, town }: RawTown): Problem[] {
  const identity = asMap(town["identity"]);
  const { next, previous } = identity;
  const current = identity["current"] ?? 1;
  const path = ["towns", name, "identity"];
  if (typeof current !== "number") return [];
  return [
    ...(typeof next === "number" && next !== current + 1
      ? [{ path: [...path, "next"], message: `must be ${current + 1}, one more than identity.current` }]
      : []),
    ...(typeof previous === "number" && previous >= 1 && previous !== current - 1
      ? [
          {
            path: [...path, "previous"],
            message:
              current > 1
                ? `must be ${current - 1}, one less than identity.current`
                : "has no meaning while identity.current is 1",
          },
        ]
      : []),
    ...(next !== undefined && previous !== undefined
      ? [{ path, message: "has both next and previous; retire the previous address before the next one is announced" }]
      : []),
  ];
}

function strayKeys(raw: Map, towns: readonly RawTown[]): Problem[] {
  return Object.entries(asMap(raw["identities"])).flatMap(([name, keys]): Problem[] => {
    const town = towns.find((candidate) => candidate.name === name)?.town;
    if (town === undefined)
      return [{ path: ["identities", name], message: "must be the name of a town of this stack" }];
    const identity = asMap(town["identity"]);
    const highest = Number(identity["next"] ?? identity["current"] ?? 1);
    return Object.keys(asMap(keys))
      .filter((number) => Number(number) > highest)
      .map((number) => ({
        path: ["identities", name, number],
        message: `belongs to no identity of towns.${name}, whose highest is ${highest}; set towns.${name}.identity.next to announce it`,
      }));
  });
}

interface AdoptedKey {
  readonly town: string;
  readonly number: string;
  readonly fingerprint: string;
}

function adoptedKeys(raw: Map): AdoptedKey[] {
  const suffix = SUFFIXES.includes(raw["suffix"] as Suffix) ? (raw["suffix"] as Suffix) : undefined;
  return Object.entries(asMap(raw["identities"])).flatMap(([town, keys]) =>
    Object.entries(asMap(keys)).flatMap(([number, text]): AdoptedKey[] => {
      if (number === "seed") return [];
      try {
        const { address } = identityFromKeyFile(parseIdentityText(String(text)), suffix);
        return [{ town, number, fingerprint: fingerprintOf(address) }];
      } catch (error) {
        if (error instanceof IdentityError) return []; // the schema reports it
        throw error;
      }
    }),
  );
}

function sharedKeys(adopted: readonly AdoptedKey[]): Problem[] {
  return repeated(adopted, ({ fingerprint }) => fingerprint).map(([first, again]) => ({
    path: ["identities", again.town, again.number],
    message: `is the key of identities.${first.town}.${first.number} too (${again.fingerprint}); one key is one address, which only one town can have`,
  }));
}

function sharedSeeds(raw: Map): Problem[] {
  const seeds = Object.entries(asMap(raw["identities"])).map(([town, given]) => ({ town, seed: asMap(given)["seed"] }));
  return repeated(seeds, ({ seed }) => seed).map(([first, again]) => ({
    path: ["identities", again.town, "seed"],
    message: `is the seed of identities.${first.town} too; one seed makes the same addresses, which only one town can have`,
  }));
}

function retiredAndPublished(raw: Map, towns: readonly RawTown[], adopted: readonly AdoptedKey[]): Problem[] {
  const retired = Array.isArray(raw["retired"]) ? (raw["retired"] as unknown[]) : [];
  return adopted.flatMap(({ town, number, fingerprint }): Problem[] => {
    const index = retired.indexOf(fingerprint);
    const identity = asMap(towns.find(({ name }) => name === town)?.town["identity"]);
    const published = [identity["current"] ?? 1, identity["next"], identity["previous"]].includes(Number(number));
    if (index === -1 || !published) return [];
    return [
      {
        path: ["retired", index],
        message: `is the address of towns.${town}, identity ${number}, which is published; take it out here, or rotate first`,
      },
    ];
  });
}
