import { published } from "../../../components/core/identity";
import { parseSettings } from "../../../stack/settings";
import { ofStack } from "../../../stack/ofStack";
import { UserError } from "../../console/project";
import { confirm, ownTerminal, type Terminal } from "../../console/standardInput";
import { wordsOf } from "../../console/seedWords";
import type { Options } from "../options";
import { openStack, townNamed, type StackAccess } from "../stackAccess";
import { identitiesOf, originOf } from "./known";

const PER_LINE = 6;

/** A town's seed as 24 words, if the operator asks for them explicitly; says what they are for on stderr. */
export async function words({ stack, town, reveal }: Pick<Options, "stack" | "town" | "reveal">): Promise<string> {
  await assertAsked(reveal);
  return wordsFor(town, await openStack(stack));
}

/** Throws a UserError unless the operator asks for the words explicitly: by REVEAL=1, or at a terminal. */
export async function assertAsked(reveal: boolean, terminal: Terminal = ownTerminal): Promise<void> {
  if (reveal) return;
  if (!terminal.input.isTTY)
    throw new UserError("The words are shown on explicit request only: at a terminal, or with REVEAL=1.");
  if (
    !(await confirm("Anyone who reads the 24 words has all of the town's addresses. Type yes to show them: ", terminal))
  )
    throw new UserError("Nothing is shown.");
}

/**
 * The 24 words of a town's seed, six a line. Throws a UserError if there is no seed yet, or if the town's address does
 * not follow from it.
 */
export async function wordsFor(name: string | undefined, access: StackAccess): Promise<string> {
  const [config, { random }] = await Promise.all([access.config(), access.state()]);
  const settings = parseSettings(config, access.stack);
  const town = townNamed(settings, name);
  const of = ofStack(access.stack);
  const origin = originOf(town, random);
  const all = identitiesOf(origin, settings.suffix);
  const seeded = identitiesOf({ ...origin, keys: new Map() }, settings.suffix);
  const strays = published(town.identity).filter(
    (number) => all.has(number) && all.get(number)!.fingerprint !== seeded.get(number)?.fingerprint,
  );
  const inexpressible = (number: number) =>
    `identity ${number} of ${town.name}, ${all.get(number)!.fingerprint}, is an adopted key, which follows from no seed: words cannot express it, make identity-backup${of} keeps it`;
  if (strays.includes(town.identity.current)) throw new UserError(`${inexpressible(town.identity.current)}.`);
  if (!origin.seed && town.transport === "direct")
    throw new UserError(`${town.name} has no seed: a town without ATOR has no address.`);
  if (!origin.seed) throw new UserError(`${town.name} has no seed yet: run \`make up${of}\` first.`);
  access.say(`the seed of ${town.name}, from which these addresses follow and all later ones:`);
  for (const [number, { fingerprint }] of seeded)
    if (!strays.includes(number)) access.say(`  identity ${number}: ${fingerprint}`);
  for (const number of strays) access.say(inexpressible(number));
  const list = wordsOf(origin.seed);
  return Array.from(
    { length: list.length / PER_LINE },
    (_, line) => `${list.slice(line * PER_LINE, (line + 1) * PER_LINE).join(" ")}\n`,
  ).join("");
}
