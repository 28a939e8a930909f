import { identityFromKeyFile } from "../../components/core/identity";
import { ifParsed, own, parsedEntries } from "../parts";
import type { Problem } from "../problems";
import { repeated, type Config, type Rules, type TownPart } from "./rules";

/** The rules between a town's identities, their keys and the addresses that were given up. */
export const identityRules: Rules = {
  ofStack: [numberedKeys, adoptedKeys, sharedSeeds],
  ofTown: [nextNumber, previousNumber, eitherNextOrPrevious, unannouncedKeys],
};

function* nextNumber({ path, town: { identity } }: TownPart): Iterable<Problem> {
  const { current, next } = identity;
  if (next !== undefined && next !== current + 1)
    yield { path: [...path, "identity", "next"], message: `must be ${current + 1}, one more than identity.current` };
}

function* previousNumber({ path, town: { identity } }: TownPart): Iterable<Problem> {
  const { current, previous } = identity;
  if (previous !== undefined && previous !== current - 1)
    yield {
      path: [...path, "identity", "previous"],
      message:
        current > 1
          ? `must be ${current - 1}, one less than identity.current`
          : "has no meaning while identity.current is 1",
    };
}

function* eitherNextOrPrevious({ path, town: { identity } }: TownPart): Iterable<Problem> {
  if (Object.hasOwn(identity, "next") && Object.hasOwn(identity, "previous"))
    yield {
      path: [...path, "identity"],
      message: "has both next and previous; retire the previous address before you announce the next one",
    };
}

function* unannouncedKeys({ name, town: { identity } }: TownPart, { settings }: Config): Iterable<Problem> {
  const highest = identity.next ?? identity.current;
  for (const number of Object.keys(own(settings.identities, name) ?? {}))
    if (Number(number) > highest)
      yield {
        path: ["identities", name, number],
        message: `belongs to no identity of towns.${name}, whose highest is ${highest}; set towns.${name}.identity.next to announce it`,
      };
}

function* numberedKeys({ settings }: Config): Iterable<Problem> {
  for (const [name, keys] of parsedEntries(() => settings.identities))
    for (const number of Object.keys(keys))
      if (number !== "seed" && !/^[1-9]\d{0,3}$/.test(number))
        yield {
          path: ["identities", name, number],
          message: "is not an identity's number: a town's identities are numbered from 1; or seed",
        };
}

interface AdoptedKey {
  readonly town: string;
  readonly number: string;
  readonly fingerprint: string;
}

/** One rule in two parts, because an adopted key's address takes a while to compute. */
function* adoptedKeys({ settings }: Config): Iterable<Problem> {
  const { identities, suffix } = settings;
  const adopted = parsedEntries(() => identities).flatMap(([town, keys]) =>
    parsedEntries(() => keys)
      .filter(([number]) => number !== "seed")
      .map(([number, key]): AdoptedKey => {
        const { fingerprint } = identityFromKeyFile(key.reveal(), suffix);
        return { town, number, fingerprint };
      }),
  );
  yield* sharedKeys(adopted);
  yield* retiredAndPublished(adopted, settings);
}

function* sharedKeys(adopted: readonly AdoptedKey[]): Iterable<Problem> {
  for (const [first, again] of repeated(adopted, ({ fingerprint }) => fingerprint))
    yield {
      path: ["identities", again.town, again.number],
      message: `is the key of identities.${first.town}.${first.number} too (${again.fingerprint}); one key is one address, which only one town can have`,
    };
}

function* sharedSeeds({ settings }: Config): Iterable<Problem> {
  const towns = parsedEntries(() => settings.identities).filter(([, given]) => Object.hasOwn(given, "seed"));
  for (const [[first], [again]] of repeated(towns, ([, { seed }]) => seed!.reveal().toString("base64")))
    yield {
      path: ["identities", again, "seed"],
      message: `is the seed of identities.${first} too; one seed makes the same addresses, which only one town can have`,
    };
}

function* retiredAndPublished(adopted: readonly AdoptedKey[], settings: Config["settings"]): Iterable<Problem> {
  for (const [index, fingerprint] of parsedEntries(() => settings.retired))
    for (const { town, number } of adopted.filter((key) => key.fingerprint === fingerprint)) {
      const published = ifParsed(() => {
        const { transport, identity = {} } = own(settings.towns, town) ?? {};
        return transport === "direct" ? [] : Object.values(identity);
      });
      if (published?.includes(Number(number)))
        yield {
          path: ["retired", index],
          message: `is the address of towns.${town}, identity ${number}, which is published; remove it here, or rotate first`,
        };
    }
}
