import { z } from "zod";
import { fingerprintOf, addressProblem } from "../../components/core/identity";
import { ofStack } from "../../stack/ofStack";
import { readJson } from "../console/readJson";
import type { Pulumi } from "../pulumi/pulumi";
import { failed, passed, type Outcome } from "./report";

const addressSchema = z.object({ fingerprint: z.string(), anonUrl: z.string() });

/** What every town says of itself. */
const common = {
  nodeId: z.string(),
  access: z.enum(["permissioned", "permissionless"]),
  /** Its own relay: what there is to ask it. */
  relay: z.object({ nodeId: z.string(), publicKey: z.string() }).optional(),
  peers: z.record(z.string(), z.enum(["dialled", "expected"])),
};
const containers = z.object({ connector: z.string(), relay: z.string().optional() });

const townSchema = z.object({
  ...addressSchema.shape,
  ...common,
  topology: z.string(),
  network: z.string(),
  discovery: z.enum(["open", "restricted"]).default("open"),
  /** An embedded daemon has no container of its own. */
  containers: containers.extend({ sidecar: z.string().optional() }),
  /** While the town moves, the address that it moves to or comes from. */
  next: addressSchema.optional(),
  previous: addressSchema.optional(),
  invites: z.record(z.string(), z.string()),
});
const directTownSchema = z.object({
  ...common,
  containers,
  /** Where peers dial it, if anywhere. */
  url: z.string().optional(),
  secrets: z.record(z.string(), z.string()),
});
/** A stack that is not up has no outputs. */
const outputsSchema = z.object({
  towns: z.record(z.string(), townSchema).default({}),
  directTowns: z.record(z.string(), directTownSchema).default({}),
});

/** A town as the stack's outputs describe it, secrets in plain text. */
export type TownOutputs = z.output<typeof townSchema>;

/** A town without ATOR as the stack's outputs describe it, secrets in plain text. */
export type DirectTownOutputs = z.output<typeof directTownSchema>;

/** The towns in a stack's outputs, with and without ATOR. */
type Outputs = z.output<typeof outputsSchema>;

/** Reads the JSON of `pulumi stack output --json --show-secrets`. Throws a UserError that holds none of it. */
export function parseOutputs(json: string, stack: string): Outputs {
  return readJson("The stack's outputs are", outputsSchema, json, `: run \`make up${ofStack(stack)}\` first.`);
}

/** The towns in a stack's outputs, with and without ATOR, with their secrets; none of a stack that is not up. */
export async function readOutputs(pulumi: Pulumi): Promise<Outputs> {
  return parseOutputs(await pulumi.outputs({ reveal: true }), pulumi.stack);
}

/** Those with ATOR. */
export async function readTowns(pulumi: Pulumi): Promise<Outputs["towns"]> {
  return (await readOutputs(pulumi)).towns;
}

/** The container that runs a town's daemon. */
export function daemonOf({ containers }: Pick<TownOutputs, "containers">): string {
  return containers.sidecar ?? containers.connector;
}

/** The host name of a town's address. */
export function hostOf({ anonUrl }: Pick<TownOutputs, "anonUrl">): string {
  return new URL(anonUrl).hostname;
}

/** An address at which a town is published. */
export interface PublishedAddress extends Readonly<z.output<typeof addressSchema>> {
  /** `current` is the one in the town's invites. */
  readonly which: "current" | "next" | "previous";
  readonly host: string;
}

/** The addresses at which a town is published: the current one, and the next or the previous one while it moves. */
export function addressesOf(town: TownOutputs): PublishedAddress[] {
  const all = [["current", town] as const, ["next", town.next] as const, ["previous", town.previous] as const];
  return all.flatMap(([which, at]) =>
    at ? [{ which, anonUrl: at.anonUrl, fingerprint: at.fingerprint, host: hostOf(at) }] : [],
  );
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
    ? passed()
    : failed(`the address in the outputs has the fingerprint ${fingerprintOf(host)}, the outputs say ${fingerprint}`);
}
