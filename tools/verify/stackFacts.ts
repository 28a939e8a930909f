import { z } from "zod";
import { fingerprintOf, addressProblem } from "../../components/core/identity";
import { readJson } from "../console/readJson";
import type { Pulumi } from "../pulumi/pulumi";
import { failed, passed, type Outcome } from "./report";

const addressSchema = z.object({ fingerprint: z.string(), anonUrl: z.string() });

/** The town's own relay: what there is to ask it. */
const relaySchema = z.object({ nodeId: z.string(), publicKey: z.string() }).optional();

const townSchema = z.object({
  ...addressSchema.shape,
  nodeId: z.string(),
  topology: z.string(),
  access: z.enum(["permissioned", "permissionless"]),
  network: z.string(),
  discovery: z.enum(["open", "restricted"]).default("open"),
  /** An embedded daemon has no container of its own. */
  containers: z.object({ connector: z.string(), sidecar: z.string().optional(), relay: z.string().optional() }),
  relay: relaySchema,
  /** While the town moves, the address that it moves to or comes from. */
  next: addressSchema.optional(),
  previous: addressSchema.optional(),
  peers: z.record(z.string(), z.enum(["dialled", "expected"])),
  invites: z.record(z.string(), z.string()),
});
const directTownSchema = z.object({
  nodeId: z.string(),
  access: z.enum(["permissioned", "permissionless"]),
  containers: z.object({ connector: z.string(), relay: z.string().optional() }),
  relay: relaySchema,
  /** Where peers dial it, if anywhere. */
  url: z.string().optional(),
  peers: z.record(z.string(), z.enum(["dialled", "expected"])),
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

/** Reads the JSON of `pulumi stack output --json --show-secrets`. Throws a UserError that holds none of it. */
export function parseOutputs(json: string): Record<string, TownOutputs> {
  return parseAll(json).towns;
}

function parseAll(json: string): z.output<typeof outputsSchema> {
  return readJson("The stack's outputs are", outputsSchema, json, ": run `make up` first.");
}

/** The towns in a stack's outputs, with their secrets; none of a stack that is not up. */
export async function readTowns(pulumi: Pulumi): Promise<Record<string, TownOutputs>> {
  return (await readOutputs(pulumi)).towns;
}

/** The towns in a stack's outputs, with and without ATOR, with their secrets. */
export async function readOutputs(pulumi: Pulumi): Promise<z.output<typeof outputsSchema>> {
  return parseAll(await pulumi.outputs({ reveal: true }));
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
    ? passed()
    : failed(`the address in the outputs has the fingerprint ${fingerprintOf(host)}, the outputs say ${fingerprint}`);
}
