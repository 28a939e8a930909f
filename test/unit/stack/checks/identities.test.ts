import { describe, expect, test } from "vitest";
import { expectRefused, problems, SEED } from "../configs";

describe("a mistake of identities and their keys is refused with one line that names its key", () => {
  const town = { nodeId: "g.home" };
  test.each<[string, Record<string, unknown>, string]>([
    [
      "a retired address by anything but its fingerprint",
      { retired: ["home"], towns: { home: town } },
      "town-ator:retired.0: must be a fingerprint, such as 3f2a-91bc-0d4e-77aa",
    ],
    [
      "a retired address that is published",
      { retired: ["350b-20b0-16a7-a574"], towns: { home: town }, identities: { home: { 1: SEED } } },
      "town-ator:retired.0: is the address of towns.home, identity 1, which is published",
    ],
    [
      "a next identity that is not the next",
      { towns: { home: { ...town, identity: { next: 3 } } } },
      "town-ator:towns.home.identity.next: must be 2, one more than identity.current",
    ],
    [
      "a previous identity before the first",
      { towns: { home: { ...town, identity: { current: 1, previous: 0 } } } },
      "town-ator:towns.home.identity.previous: must be a whole number from 1",
    ],
    [
      "a previous identity that is not the previous",
      { towns: { home: { ...town, identity: { current: 3, previous: 1 } } } },
      "town-ator:towns.home.identity.previous: must be 2, one less than identity.current",
    ],
    [
      "a next and a previous identity at once",
      { towns: { home: { ...town, identity: { current: 2, next: 3, previous: 1 } } } },
      "town-ator:towns.home.identity: has both next and previous",
    ],
    [
      "a key for no town",
      { towns: { home: town }, identities: { away: { 1: SEED } } },
      "town-ator:identities.away: must be the name of a town of this stack",
    ],
    [
      "a key for an identity that is not announced",
      { towns: { home: town }, identities: { home: { 2: SEED } } },
      "town-ator:identities.home.2: belongs to no identity of towns.home, whose highest is 1",
    ],
    [
      "a key without a number",
      { towns: { home: town }, identities: { home: { old: SEED } } },
      "town-ator:identities.home.old: is not an identity's number: a town's identities are numbered from 1; or seed",
    ],
    [
      "a key with a number that begins with 0",
      { towns: { home: town }, identities: { home: { "01": SEED } } },
      "town-ator:identities.home.01: is not an identity's number",
    ],
    [
      "a key that is none",
      { towns: { home: town }, identities: { home: { 1: "AAECAwQ=" } } },
      "town-ator:identities.home.1: ",
    ],
    [
      "a key that is not a text",
      { towns: { home: town }, identities: { home: { 1: 7 } } },
      "town-ator:identities.home.1: must be base64, one line of text",
    ],
    [
      "a seed that is a key file",
      { towns: { home: town }, identities: { home: { seed: `${SEED}AAAA` } } },
      "town-ator:identities.home.seed: is not base64 of a town's seed (32 bytes) in one line",
    ],
    [
      "one seed for two towns",
      { towns: { a: { nodeId: "a" }, b: { nodeId: "b" } }, identities: { a: { seed: SEED }, b: { seed: SEED } } },
      "town-ator:identities.b.seed: is the seed of identities.a too",
    ],
    [
      "one key for two towns",
      { towns: { a: { nodeId: "a" }, b: { nodeId: "b" } }, identities: { a: { 1: SEED }, b: { 1: SEED } } },
      "town-ator:identities.b.1: is the key of identities.a.1 too",
    ],
  ])("%s", (_, settings, line) => expectRefused(settings, line));
});

test("a town without ATOR publishes no address, so that of its adopted key may be retired", () => {
  const towns = { home: { nodeId: "g.home", transport: "direct" } };
  expect(problems({ retired: ["350b-20b0-16a7-a574"], towns, identities: { home: { 1: SEED } } })).toEqual([]);
});

test("an adopted key whose address was given up may stay, once the town has another", () => {
  const home = { nodeId: "g.home", identity: { current: 2 } };
  expect(problems({ retired: ["350b-20b0-16a7-a574"], towns: { home }, identities: { home: { 1: SEED } } })).toEqual(
    [],
  );
});
