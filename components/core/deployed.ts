import { identityFromKeyFile, type Suffix } from "./identity";
import { lineFor, type Problem } from "./problems";
import type { IdentityNumbers, Settings, TownSettings } from "./settings";

/** What the last `up` of this stack has left in its state of one town: the outputs of the component Town, all of them plain. */
export interface DeployedTown {
  readonly town: string;
  readonly nodeId: string;
  readonly suffix: Suffix;
  /** The identities that were published. */
  readonly identities: readonly { readonly number: number; readonly fingerprint: string; readonly adopted: boolean }[];
  /** The version of each declared peer's inbound secret. */
  readonly secretVersions: Readonly<Record<string, number>>;
}

/** The numbers of the identities that a town publishes, in order. */
export function published({ current, next, previous }: IdentityNumbers): number[] {
  return [previous, current, next].filter((number) => number !== undefined);
}

/**
 * What would lose an address that peers know: a line for each identity that was published by the last `up` and would not be by this one, unless the operator has given it up
 * (`town-ator:retired`). Both fingerprints are named where both are known: that of a new seed is known only once it is made.
 */
export function lostAddresses(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  const problems = deployed.flatMap((before): Problem[] =>
    before.identities.flatMap(({ number, fingerprint, adopted }) => {
      if (settings.retired.includes(fingerprint)) return [];
      const town = settings.towns.find(({ name }) => name === before.town);
      if (!town) return [{ path: ["towns", before.town], message: removed(before, fingerprint, settings) }];
      if (!published(town.identity).includes(number))
        return [
          {
            path: ["towns", town.name, "identity"],
            message:
              `no longer publishes identity ${number}, the address ${fingerprint}; its place takes ${shown(town, town.identity.current, settings)}. ` +
              `To move to another address without losing this one use \`make identity-rotate\`; ${givingUp(fingerprint)}`,
          },
        ];
      return changed(town, { number, fingerprint, adopted }, before, settings);
    }),
  );
  return problems.map(lineFor);
}

function changed(
  town: TownSettings,
  { number, fingerprint, adopted }: DeployedTown["identities"][number],
  before: DeployedTown,
  settings: Settings,
): Problem[] {
  const key = town.adopted.get(number);
  const path = ["identities", town.name, String(number)];
  if (key) {
    if (fingerprintIn(key.reveal(), settings) === fingerprint) return [];
    const message =
      `is the key of ${shown(town, number, settings)}, but the town has the address ${fingerprint}. Put back what was there ${adopted ? "" : "(nothing) "}before; ` +
      `to move to the other address adopt its key as the next identity (\`make identity-rotate\`); ${givingUp(fingerprint)}`;
    return [{ path, message }];
  }
  if (adopted)
    return [
      {
        path,
        message: `is gone, and with it the key of the address ${fingerprint}; without it ${shown(town, number, settings)} takes its place. Put the key back (\`make identity-adopt\`, or \`make identity-restore\` from a backup); ${givingUp(fingerprint)}`,
      },
    ];
  if (before.suffix !== settings.suffix)
    return [
      {
        path: ["suffix"],
        message: `.${settings.suffix} would make another address of the key of towns.${town.name} than ${fingerprint}, which ends in .${before.suffix}; ${givingUp(fingerprint)}`,
      },
    ];
  return [];
}

function removed(before: DeployedTown, fingerprint: string, settings: Settings): string {
  const heir = settings.towns.find(({ nodeId }) => nodeId === before.nodeId);
  if (!heir) return `is gone, and with it the address ${fingerprint}; put the town back, or ${givingUp(fingerprint)}`;
  return (
    `is gone, with the address ${fingerprint}, and towns.${heir.name} has its nodeId, ${before.nodeId}, but ${shown(heir, heir.identity.current, settings)}. A town keeps its name: call it ${before.town} again; ` +
    `or \`make identity-backup\`, and adopt its key for ${heir.name}; ${givingUp(fingerprint)}`
  );
}

function givingUp(fingerprint: string): string {
  return `to give the address up for good add ${fingerprint} to town-ator:retired`;
}

function shown(town: TownSettings, number: number, settings: Settings): string {
  const key = town.adopted.get(number);
  return key
    ? `the address ${fingerprintIn(key.reveal(), settings)}`
    : "an address that follows from a seed of the state";
}

function fingerprintIn(keyFile: Uint8Array, { suffix }: Settings): string {
  return identityFromKeyFile(keyFile, suffix).fingerprint;
}

/** A line for each peer whose inbound secret this `up` makes anew: the connector has one variable a peer, so the old one is refused from then on. */
export function rotatedSecrets(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  return settings.towns.flatMap(({ name, peers }) => {
    const before = deployed.find(({ town }) => town === name)?.secretVersions ?? {};
    return peers.flatMap(({ id, secretVersion, source }) => {
      const earlier = before[id];
      // A town of this stack is given the new one by this very `up`.
      if (earlier === undefined || earlier === secretVersion || source.kind === "town") return [];
      return [
        `the secret that ${id} presents to ${name} changes (version ${earlier} to ${secretVersion}), and the old one is refused at once: tell the peer first, and give it the new invite right after \`up\` (make invite TOWN=${name} PEER=${id})`,
      ];
    });
  });
}
