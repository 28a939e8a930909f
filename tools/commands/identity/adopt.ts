import { identityOfSeed, published } from "../../../components/core/identity";
import type { Settings, TownSettings } from "../../../stack/settings";
import { UserError } from "../../console/project";
import { looksLikeWords, seedFromWords } from "../../console/seedWords";
import { readHidden } from "../../console/standardInput";
import { ofStack } from "../../../stack/ofStack";
import type { Options } from "../options";
import {
  changeConfig,
  openStack,
  sayHowToDeploy,
  settingsWithout,
  townNamed,
  type ConfigChange,
  type StackAccess,
  type StackConfig,
} from "../stackAccess";
import { identityGiven, MOST_KEY_BYTES } from "./keyInput";
import { adoptedFingerprint, displaced, givenSeed, type Claimed } from "./known";
import { nextStep } from "./nextStep";
import { stepChange } from "./rotate";

const askKey = (question: string) =>
  readHidden(question, {
    what: "key",
    most: MOST_KEY_BYTES,
    tooLong: "What was given is far too long to be a key: a tar archive of a HiddenServiceDir has a few KiB.",
  });

/**
 * Takes the key of an identity, or the 24 words of a town's seed, from standard input into the stack's encrypted
 * config, at `town-ator:identities.<town>.<number>` or `.seed`. Throws a UserError, with nothing changed, if the town,
 * the number or the key is not right.
 */
export async function adopt(
  request: Pick<Options, "stack" | "town" | "number">,
  { open = openStack, readKey = askKey } = {},
): Promise<void> {
  const access = await open(request.stack);
  const config = await access.config();
  const settings = settingsWithout(config, access.stack, ["identities"]);
  const town = townNamed(settings, request.town);
  const number = numberOf(request.number, town);
  const given = await readKey(
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
  const claimed = { town: town.name, number, fingerprint: key.fingerprint };
  const [taken] = displaced([claimed], await access.state(), config, settings, { adopted: false });
  if (taken) throw new UserError(whyNot(town, taken.inPlace, claimed, access.stack));

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
    access.say(`it is in place of the key of ${earlier}, which is not deployed now`);
  access.say(`it is in Pulumi.${access.stack}.yaml, encrypted`);
  sayHowToDeploy(access);
}

function whyNot(
  { name, identity: { current } }: TownSettings,
  inPlace: string,
  claimed: Claimed,
  stack: string,
): string {
  const { number, fingerprint } = claimed;
  const move =
    number === current
      ? `To move to the other address without losing this one, adopt it as the next: make identity-adopt${ofStack(stack)} TOWN=${name} NUMBER=${current + 1}. To give ${inPlace} up for good instead, add it to town-ator:retired, set towns.${name}.identity to {current: ${current + 1}}, and adopt the key as that.`
      : "Finish or undo the move that is under way first.";
  return `Identity ${number} of ${name} is the address ${inPlace} already, and the key given is that of ${fingerprint}. ${move}`;
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
  const made = published(town.identity)
    .filter((number) => adoptedFingerprint(config, name, number, settings) === undefined)
    .map((number) => ({ town: name, number, ...identityOfSeed(seed, number, settings.suffix) }));
  for (const taken of displaced(made, await access.state(), config, settings, { adopted: false }))
    throw new UserError(
      `Identity ${taken.number} of ${name} is the address ${taken.inPlace} already, and the words make ${taken.fingerprint}. To give ${taken.inPlace} up for good, add it to town-ator:retired and set towns.${name}.identity to {current: ${Math.max(...published(town.identity)) + 1}}: the key volume keeps the key of each number.`,
    );
  if (givenSeed(config, name)?.equals(seed)) {
    access.say(`${name} has adopted this seed before; nothing is changed`);
    return;
  }
  const secrets = [{ key: "identities", town: name, name: "seed", text: seed.toString("base64") } as const];
  await changeConfig(access, config, { secrets }, "the seed");
  access.say(`${name} has adopted the seed of these addresses, and of all later ones:`);
  for (const { number, fingerprint } of made) access.say(`  identity ${number}: ${fingerprint}`);
  access.say(`it is in Pulumi.${access.stack}.yaml, encrypted`);
  sayHowToDeploy(access);
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

/** Adopting a key for the next identity also announces that identity: before that, the key would have no effect. */
async function announcement(
  town: TownSettings,
  number: number,
  access: StackAccess,
): Promise<ConfigChange | undefined> {
  const { current, next } = town.identity;
  if (number !== current + 1 || next !== undefined) return undefined;
  const step = nextStep(town.identity, (await access.published())[town.name], access.stack);
  if (step.kind === "none")
    throw new UserError(`NUMBER=${number} is the next address of ${town.name}, but ${town.name} ${step.why}.`);
  return stepChange(step, town.name);
}
