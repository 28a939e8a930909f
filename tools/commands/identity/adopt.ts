import { identityOfSeed, published, type Identity } from "../../../components/core/identity";
import type { Settings, TownSettings } from "../../../stack/settings";
import { UserError } from "../../console/project";
import { looksLikeWords, seedFromWords } from "../../console/seedWords";
import { askHidden, ownTerminal, readBytes } from "../../console/standardInput";
import {
  changeConfig,
  openStack,
  settingsWithout,
  townNamed,
  type ConfigChange,
  type StackAccess,
  type StackConfig,
} from "../stackAccess";
import { identityGiven, MOST_KEY_BYTES } from "./keyInput";
import { adoptedFingerprint, fingerprintInPlace, givenSeed } from "./known";
import { nextStep } from "./nextStep";
import { stepChange } from "./rotate";

/** Which identity of which town the key is for. */
export interface AdoptRequest {
  readonly town?: string | undefined;
  /** Default: that of the current identity. */
  readonly number?: string | undefined;
}

/**
 * Takes the key of an identity, or the 24 words of a town's seed, from standard input into the stack's encrypted
 * config, at `town-ator:identities.<town>.<number>` or `.seed`. Everything is checked first and nothing is changed on
 * an error. Gives the exit code.
 */
export async function adopt({ stack, ...request }: AdoptRequest & { stack: string }): Promise<number> {
  await adoptKey(request, { ...(await openStack(stack)), readKey });
  return 0;
}

async function readKey(question: string): Promise<Buffer> {
  const { input } = ownTerminal;
  if (input.isTTY) return Buffer.from(await askHidden(question, "No key was given; nothing is changed.", ownTerminal));
  return readBytes(
    input,
    MOST_KEY_BYTES,
    "What was given is far too long to be a key: a tar archive of a HiddenServiceDir has a few KiB.",
  );
}

/** What `adopt` does. Throws a UserError, with nothing changed, if the town, the number or the key is not right. */
export async function adoptKey(
  request: AdoptRequest,
  access: StackAccess & { readKey(question: string): Promise<Buffer> },
): Promise<void> {
  const config = await access.config();
  const settings = settingsWithout(config, access.stack, ["identities"]);
  const town = townNamed(settings, request.town);
  const number = numberOf(request.number, town);
  const given = await access.readKey(
    `Paste the key of ${town.name}'s identity ${number} as base64, or the 24 words of its seed, and press Enter; it is not shown: `,
  );
  if (given.length === 0) throw new UserError("No key was given: pipe it in.");
  if (looksLikeWords(given.toString("latin1"))) {
    if (request.number !== undefined)
      throw new UserError("Words are the seed of all identities of a town: leave NUMBER out.");
    return adoptSeed(town, seedFromWords(given.toString("latin1")), settings, config, access);
  }
  const key = await identityGiven(given, settings.suffix);
  const announced = await announcement(town, number, access);
  await assertFree(town, number, key, settings, access, { seed: givenSeed(config, town.name) });

  const earlier = adoptedFingerprint(config, town.name, number, settings);
  if (earlier === key.fingerprint && announced === undefined) {
    access.say(
      `${town.name} has adopted the key of ${key.fingerprint} as identity ${number} before; nothing is changed`,
    );
    return;
  }
  const text = key.secretKeyFile.toString("base64");
  const secrets = [{ key: "identities", town: town.name, name: `${number}`, text } as const];
  await changeConfig(access, config, { secrets, ...announced }, "the key");
  access.say(`${town.name} has adopted the key of ${key.fingerprint} as identity ${number}`);
  if (earlier !== undefined && earlier !== key.fingerprint)
    access.say(`it is in place of the key of ${earlier}, which was not deployed`);
  sayWhatNext(access);
}

/** Gives a town its seed, from which every identity follows that has no adopted key. */
async function adoptSeed(
  town: TownSettings,
  seed: Buffer,
  settings: Settings,
  config: StackConfig,
  access: StackAccess,
): Promise<void> {
  const { name } = town;
  const [deployed, random] = await Promise.all([access.deployed(), access.random()]);
  const before = givenSeed(config, name);
  const made = published(town.identity)
    .filter((number) => adoptedFingerprint(config, name, number, settings) === undefined)
    .map((number) => ({ number, ...identityOfSeed(seed, number, settings.suffix) }));
  for (const { number, fingerprint } of made) {
    const inPlace = fingerprintInPlace(name, number, { deployed, random }, settings, { seed: before });
    if (inPlace !== undefined && inPlace !== fingerprint)
      throw new UserError(
        `Identity ${number} of ${name} is the address ${inPlace} already, and the words make ${fingerprint}. To give ${inPlace} up for good, add it to town-ator:retired.`,
      );
  }
  if (before?.equals(seed)) {
    access.say(`${name} has adopted this seed before; nothing is changed`);
    return;
  }
  const secrets = [{ key: "identities", town: name, name: "seed", text: seed.toString("base64") } as const];
  await changeConfig(access, config, { secrets }, "the seed");
  access.say(`${name} has adopted the seed of these addresses, and of all later ones:`);
  for (const { number, fingerprint } of made) access.say(`  identity ${number}: ${fingerprint}`);
  sayWhatNext(access);
}

function sayWhatNext(access: StackAccess): void {
  access.say(
    `it is in Pulumi.${access.stack}.yaml, encrypted; \`make preview\` shows what \`make up\` will do with it`,
  );
  access.say("stop the old deployment before `make up`: two daemons with one key take turns at its address");
}

function numberOf(text: string | undefined, { name, identity }: TownSettings): number {
  const { current, next, previous } = identity;
  const right = [previous, current, next ?? (previous === undefined ? current + 1 : undefined)].filter(
    (n) => n !== undefined,
  );
  const number = text === undefined ? current : Number(text);
  if (right.includes(number)) return number;
  throw new UserError(
    `NUMBER=${text ?? ""} is not right: ${name} has identity ${current}, so a key can be adopted as ${right.join(" or ")}.`,
  );
}

/** A key for the identity after the current one is of use only once that is announced, so it is announced with it. */
async function announcement(
  town: TownSettings,
  number: number,
  access: StackAccess,
): Promise<ConfigChange | undefined> {
  const { current, next } = town.identity;
  if (number !== current + 1 || next !== undefined) return undefined;
  const step = nextStep(town.identity, (await access.published())[town.name]);
  if (step.kind === "none")
    throw new UserError(`NUMBER=${number} is the next address of ${town.name}, but ${town.name} ${step.why}.`);
  return stepChange(step, town.name);
}

async function assertFree(
  town: TownSettings,
  number: number,
  key: Identity,
  settings: Settings,
  access: StackAccess,
  given: { readonly seed: Buffer | undefined },
): Promise<void> {
  const [deployed, random] = await Promise.all([access.deployed(), access.random()]);
  const fingerprint = fingerprintInPlace(town.name, number, { deployed, random }, settings, given);
  if (fingerprint === undefined || fingerprint === key.fingerprint) return;
  const { current } = town.identity;
  const move =
    number === current
      ? `To move to the other address without losing this one, adopt it as the next: make identity-adopt TOWN=${town.name} NUMBER=${current + 1}.`
      : "Finish or undo the move that is under way first.";
  throw new UserError(
    `Identity ${number} of ${town.name} is the address ${fingerprint} already, and the key given is that of ${key.fingerprint}. ${move} To give ${fingerprint} up for good instead, add it to town-ator:retired.`,
  );
}
