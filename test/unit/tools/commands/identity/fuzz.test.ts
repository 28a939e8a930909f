import { expect, test } from "vitest";
import {
  deriveIdentity,
  identityFromKeyFile,
  identityOfSeed,
  IdentityError,
} from "../../../../../components/core/identity";
import { UserError } from "../../../../../components/core/userError";
import { formatBackup, parseBackup } from "../../../../../tools/commands/identity/backupFile";
import { identityGiven } from "../../../../../tools/commands/identity/keyInput";
import { seeded } from "./randomFaults";

/** How many random inputs are tried; `FUZZ_ROUNDS=100000` for the long run. */
const ROUNDS = Number(process.env["FUZZ_ROUNDS"] ?? 400);

const SEED = Buffer.alloc(32, 7);
const KEY = deriveIdentity(SEED);
const BACKUP = formatBackup({
  stack: "dev",
  made: "2026-11-24T00:00:00.000Z",
  suffix: "anon",
  retired: [],
  towns: {
    home: {
      nodeId: "g.home",
      identity: { current: 1 },
      seed: SEED.toString("base64"),
      keys: {},
      fingerprints: { "1": identityOfSeed(SEED, 1).fingerprint },
      secrets: { "g.bob": "b".repeat(43) },
    },
  },
  invites: {},
  tokens: {},
});

/** The bytes with one to four changes: a bit flipped, a byte put in or left out, a part doubled, the end cut off. */
function mutated(bytes: Buffer, below: (most: number) => number): Buffer {
  let changed = Buffer.from(bytes);
  for (let changes = 1 + below(4); changes > 0 && changed.length > 1; changes--) {
    const at = below(changed.length);
    const [before, after] = [changed.subarray(0, at), changed.subarray(at)];
    const parts = [
      [before, Buffer.from([after[0]! ^ (1 << below(8))]), after.subarray(1)],
      [before, Buffer.from([below(256)]), after],
      [before, after.subarray(1)],
      [before, after.subarray(0, below(64)), after],
      [before],
    ];
    changed = Buffer.concat(parts[below(parts.length)]!);
  }
  return changed;
}

async function refusal(act: () => unknown): Promise<unknown> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("of random and mutated backups each is read as what it says, or refused with an error for the operator", async () => {
  const below = seeded(20261124);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutated(Buffer.from(BACKUP), below).toString("utf8");
    const error = await refusal(() => parseBackup(text, "it"));
    if (error === undefined) continue;
    refused += 1;
    expect(error, text).toBeInstanceOf(UserError);
    expect((error as Error).message).not.toContain(SEED.toString("base64").slice(0, 20));
  }
  expect(refused).toBeGreaterThan(ROUNDS / 2);
});

test("of random and mutated keys each makes the identity of its own bytes, or is refused with an error for the operator", async () => {
  const below = seeded(20261125);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes =
      round % 4 === 0
        ? Buffer.from(Array.from({ length: below(200) }, () => below(256)))
        : mutated(round % 4 === 1 ? Buffer.from(KEY.secretKeyFile.toString("base64")) : KEY.secretKeyFile, below);
    let address: string | undefined;
    const error = await refusal(async () => (address = (await identityGiven(bytes, "anon")).address));
    if (error === undefined) {
      const file = bytes.length === 96 ? bytes : Buffer.from(bytes.toString("latin1").trim(), "base64");
      expect(address).toBe(identityFromKeyFile(file).address);
    } else {
      refused += 1;
      expect([UserError, IdentityError]).toContain((error as Error).constructor);
    }
  }
  expect(refused).toBeGreaterThan(ROUNDS / 2);
});
