import { parseSettings, type TownSettings } from "../../../stack/settings";
import { UserError } from "../../console/project";
import { ofStack } from "../../../stack/ofStack";
import type { Options } from "../options";
import { changeConfig, openStack, townNamed, type ConfigChange } from "../stackAccess";
import { nextStep, type Step } from "./nextStep";

/**
 * Makes the next step of a town's move to another address in the stack's config file; `make up` deploys it. Throws a
 * UserError, with nothing changed, if there is no step to make.
 */
export async function rotate(
  { stack, town: name, retire }: Pick<Options, "stack" | "town" | "retire">,
  { open = openStack } = {},
): Promise<void> {
  const access = await open(stack);
  const [config, published] = await Promise.all([access.config(), access.published()]);
  const town = townNamed(parseSettings(config, stack), name);
  const step = nextStep(town.identity, published[town.name], stack, retire?.trim().toLowerCase());
  if (step.kind === "none") throw new UserError(`${town.name} ${step.why}.`);
  await changeConfig(access, config, stepChange(step, town.name), "the step");
  for (const line of explained(step, town, stack, published[town.name]!.fingerprint)) access.say(line);
}

type Made = Exclude<Step, { kind: "none" }>;

/** What a step changes in the config. */
export function stepChange(step: Made, town: string): ConfigChange {
  return {
    identities: new Map([[town, step.identity]]),
    ...(step.kind === "retire" && { retired: [step.retired] }),
  };
}

/** What a step means, whom to tell and what comes after it. */
function explained(step: Made, town: TownSettings, stack: string, fingerprint: string): string[] {
  const { name } = town;
  const of = ofStack(stack);
  const wrote = (what: string) => `${what} in Pulumi.${stack}.yaml; nothing is deployed yet`;
  const peers = town.peers.filter(({ source }) => source.kind !== "town" && source.kind !== "direct");
  const who = peers.map(({ id }) => id).join(", ");
  const invites =
    who === "" ? "no peer has to be told" : `give each of ${who} its new invite (make invite${of} TOWN=${name} PEER=…)`;
  switch (step.kind) {
    case "announce":
      return [
        wrote(`announced identity ${step.identity.next} of ${name}`),
        `\`make preview${of}\` will show a seed for it unless its key is adopted, the sidecar replaced by one that publishes both addresses, and other invites; ${fingerprint} stays the address in anonUrl`,
        `after \`make up${of}\`: ${invites}; it names both addresses`,
        `when they have accepted it: make identity-rotate${of} TOWN=${name} again, for the switch`,
      ];
    case "switch":
      return [
        wrote(`switched ${name} to identity ${step.identity.current}`),
        `\`make preview${of}\` will show the next address in anonUrl and in the invites, and the connector replaced by one that has it for its own; the sidecar stays, and still answers at ${fingerprint}`,
        `after \`make up${of}\`: ${invites}, unless it has accepted one since the announcement`,
        `when nobody needs ${fingerprint} any more: make identity-rotate${of} TOWN=${name} RETIRE=${fingerprint}`,
      ];
    case "retire":
      return [
        wrote(`gave up the address ${step.retired} of ${name}`),
        `\`make preview${of}\` will show the sidecar replaced by one that answers at the new address only`,
        `its key stays in the state and in backups; take ${step.retired} out of town-ator:retired only to publish it again`,
      ];
  }
}
