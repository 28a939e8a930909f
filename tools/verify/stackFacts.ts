import { z } from "zod";
import { fingerprintOf, addressProblem } from "../../components/core/identity";
import { UserError } from "../console/project";
import type { Pulumi } from "../pulumi/pulumi";
import { failed, passed, type Outcome } from "./report";

const addressSchema = z.object({ fingerprint: z.string(), anonUrl: z.string() });

const townSchema = z.object({
  ...addressSchema.shape,
  nodeId: z.string(),
  topology: z.string(),
  access: z.enum(["permissioned", "permissionless"]),
  network: z.string(),
  discovery: z.enum(["open", "restricted"]).default("open"),
  containers: z.object({ connector: z.string(), sidecar: z.string() }),
  /** While the town moves, the address that it moves to or comes from. */
  next: addressSchema.optional(),
  previous: addressSchema.optional(),
  peers: z.record(z.string(), z.enum(["dialled", "expected"])),
  invites: z.record(z.string(), z.string()),
});
const outputsSchema = z.object({ towns: z.record(z.string(), townSchema) });

/** A town as the stack's outputs describe it, secrets in plain text. */
export type TownOutputs = z.output<typeof townSchema>;

/** Reads the JSON of `pulumi stack output --json --show-secrets`. Throws a UserError that holds none of it. */
export function parseOutputs(json: string): Record<string, TownOutputs> {
  const result = outputsSchema.safeParse(JSON.parse(json));
  if (!result.success) {
    const keys = result.error.issues.map((issue) => issue.path.join(".") || "the whole").join(", ");
    throw new UserError(`The stack's outputs are not those of a deployed town (${keys}): run \`make up\` first.`);
  }
  return result.data.towns;
}

/** The towns in a stack's outputs, with their secrets. Throws a UserError when there are none to be had. */
export async function readTowns(pulumi: Pulumi): Promise<Record<string, TownOutputs>> {
  return parseOutputs(await pulumi.outputs({ reveal: true }));
}

/** The host name of a town's address. */
export function hostOf({ anonUrl }: Pick<TownOutputs, "anonUrl">): string {
  return new URL(anonUrl).hostname;
}

/** An address at which a town is published. */
export interface PublishedAddress {
  /** `current` is the one in the town's invites. */
  readonly which: "current" | "next" | "previous";
  readonly anonUrl: string;
  readonly fingerprint: string;
  readonly host: string;
}

/** The addresses at which a town is published: the current one, and the next or the previous one while it moves. */
export function addressesOf(town: TownOutputs): PublishedAddress[] {
  const all = [["current", town] as const, ["next", town.next] as const, ["previous", town.previous] as const];
  return all.flatMap(([which, at]) => {
    if (!at) return [];
    const { anonUrl, fingerprint } = at;
    return [{ which, anonUrl, fingerprint, host: hostOf({ anonUrl }) }];
  });
}

/** A noun with what tells a published address from the others, as `next address`; the current one needs nothing. */
export function nameOf(which: PublishedAddress["which"], noun: string): string {
  return which === "current" ? noun : `${which} ${noun}`;
}

/** Whether an address is a well-formed one and the fingerprint is its own. */
export function judgeFingerprint({ anonUrl, fingerprint }: Pick<TownOutputs, "anonUrl" | "fingerprint">): Outcome {
  const host = hostOf({ anonUrl });
  const problem = addressProblem(host);
  if (problem !== undefined) return failed(`the address in the outputs ${problem}`);
  return fingerprintOf(host) === fingerprint
    ? passed(fingerprint)
    : failed(`the address in the outputs has the fingerprint ${fingerprintOf(host)}, the outputs say ${fingerprint}`);
}
