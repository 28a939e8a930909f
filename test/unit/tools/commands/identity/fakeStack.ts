import { parse, stringify } from "yaml";
import type { DeployedTown } from "../../../../../stack/deployed";
import { identityOfSeed, seedFromRandom, type Identity, type Suffix } from "../../../../../components/core/identity";
import type { StackConfig } from "../../../../../tools/commands/checkInvite";
import { withEncrypted } from "../../../../../tools/pulumi/configText";
import type { ConfigSecret } from "../../../../../tools/pulumi/encryptedConfig";
import type { StackAccess } from "../../../../../tools/commands/identity/stackAccess";
import type { PublishedTown } from "../../../../../tools/pulumi/stackState";

/** What a random secret of the state looks like. */
export const randomText = (letter: string) => `${letter.repeat(42)}0`;

/** The seed that is made of a random secret of the state. */
export const seedOf = (letter: string): Buffer => seedFromRandom(randomText(letter));

/** The identity that follows from a random secret of the state. */
export const made = (letter: string, number = 1, suffix?: Suffix): Identity =>
  identityOfSeed(seedOf(letter), number, suffix);

/** A stack whose config file can be read back, with an encryption that turns a text around. */
export class FakeStack implements StackAccess {
  readonly stack = "dev";
  readonly said: string[] = [];
  /** What was given to be encrypted, in order. */
  readonly encrypted: ConfigSecret[] = [];
  writes = 0;
  randomSecrets: Record<string, string> = {};
  deployedTowns: DeployedTown[] = [];
  outputs: Record<string, PublishedTown> = {};

  constructor(public file: string) {}

  config = (): Promise<StackConfig> => {
    const { config } = parse(this.file) as { config: Record<string, unknown> };
    return Promise.resolve(
      Object.fromEntries(
        Object.entries(config).map(([key, value]) => {
          const open = decrypted(value);
          return [key, typeof open === "string" ? open : JSON.stringify(open)];
        }),
      ),
    );
  };
  random = () => Promise.resolve(new Map(Object.entries(this.randomSecrets)));
  deployed = () => Promise.resolve(this.deployedTowns);
  published = () => Promise.resolve(this.outputs);
  readFile = () => Promise.resolve(this.file);
  encrypt = (secrets: readonly ConfigSecret[]) => {
    this.encrypted.push(...secrets);
    return Promise.resolve(
      secrets.reduce((text, { keys, secret }) => {
        const map = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), { secure: turned(secret) });
        return withEncrypted(text, keys, stringify({ config: map }, { lineWidth: 0 }) + SALT);
      }, `config:\n  a: 1\n${SALT}`),
    );
  };
  writeFile = (text: string) => {
    this.writes++;
    this.file = text;
    return Promise.resolve();
  };
  say = (line: string) => void this.said.push(line);
}

export const SALT = "encryptionsalt: v1:salt\n";

export const turned = (text: string) => [...text].reverse().join("");

function decrypted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if ("secure" in value) return turned(value.secure as string);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decrypted(inner)]));
}

/** What the last `up` has left of a town that publishes these. */
export function deployedAs(town: string, nodeId: string, identities: Record<number, Identity>): DeployedTown {
  return {
    town,
    nodeId,
    suffix: "anon",
    identities: Object.entries(identities).map(([number, { fingerprint }]) => ({
      number: Number(number),
      fingerprint,
    })),
    secretVersions: {},
    given: [],
  };
}

/** What an action that fails throws. */
export async function failure(action: () => Promise<unknown>): Promise<Error> {
  try {
    await action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("It did not fail");
}
