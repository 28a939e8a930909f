import { parse, stringify } from "yaml";
import type { DeployedTown } from "../../../../stack/deployed";
import { identityOfSeed, seedFromRandom, type Identity, type Suffix } from "../../../../components/core/identity";
import type { PublishedTown, StackAccess, StackConfig } from "../../../../tools/commands/stackAccess";
import type { ConfigEdit } from "../../../../tools/pulumi/configEdit";

/** What a random secret of the state looks like. */
export const randomText = (letter: string) => `${letter.repeat(42)}0`;

/** The seed that is made of a random secret of the state. */
export const seedOf = (letter: string): Buffer => seedFromRandom(randomText(letter));

/** The identity that follows from a random secret of the state. */
export const made = (letter: string, number = 1, suffix?: Suffix): Identity =>
  identityOfSeed(seedOf(letter), number, suffix);

/** A stack whose config file can be read back, with an encryption that turns a text around. */
export class FakeStack implements StackAccess {
  stack = "dev";
  readonly said: string[] = [];
  readonly edits: ConfigEdit[] = [];
  randomSecrets: Record<string, string> = {};
  deployedTowns: DeployedTown[] = [];
  outputs: Record<string, PublishedTown> = {};

  constructor(public file: string) {}

  open = () => Promise.resolve(this);
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
  state = () => Promise.resolve({ deployed: this.deployedTowns, random: new Map(Object.entries(this.randomSecrets)) });
  published = () => Promise.resolve(this.outputs);
  edit = (edit: ConfigEdit) => {
    this.edits.push(edit);
    const file = parse(this.file) as { config: Record<string, unknown> };
    for (const [property, value] of Object.entries(edit.plain)) setIn(file.config, property.match(/[^.[\]]+/g)!, value);
    for (const [key, value] of Object.entries(edit.secrets))
      file.config[key] = { secure: turned(JSON.stringify(value)) };
    this.file = stringify(file);
    return Promise.resolve();
  };
  say = (line: string) => void this.said.push(line);

  /** A key of the config, decrypted and parsed. */
  async at(key: string): Promise<unknown> {
    return JSON.parse((await this.config())[`town-ator:${key}`] ?? "null");
  }
}

export const turned = (text: string) => [...text].reverse().join("");

function decrypted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if ("secure" in value) return turned(value.secure as string);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decrypted(inner)]));
}

function setIn(into: Record<string, unknown>, [key, ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) {
    into[key!] ??= /^\d+$/.test(rest[0]!) ? [] : {};
    setIn(into[key!] as Record<string, unknown>, rest, value);
  } else if (value === undefined) delete into[key!];
  else into[key!] = value;
}

/** What the last `up` has left of a town that publishes these. */
export function deployedAs(town: string, nodeId: string, identities: Record<number, Identity>): DeployedTown {
  return {
    stack: "dev",
    town,
    nodeId,
    suffix: "anon",
    identities: Object.entries(identities).map(([number, { fingerprint }]) => ({
      number: Number(number),
      fingerprint,
    })),
    secretVersions: {},
    lostSecrets: [],
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
