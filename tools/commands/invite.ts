import { outputs } from "./outputs";
import { UserError } from "../console/project";

/** Which invite is asked for. */
export interface InviteRequest {
  stack: string;
  town?: string | undefined;
  peer?: string | undefined;
}

/**
 * The invite that a town has for a peer, as its one line: `towns.<town>.invites.<peer>` of the stack's outputs. Throws
 * a UserError that lists what there is when there is no such town or peer, or that says to run `make up` when the stack
 * has no outputs.
 *
 * @param read reads the stack's outputs as JSON, secrets in plain text; replaceable in tests
 */
export async function invite(
  request: InviteRequest,
  read: (stack: string) => Promise<string> = (stack) => outputs({ stack, reveal: true }),
): Promise<string> {
  const { stack } = request;
  const towns = (JSON.parse(await readOutputs(stack, read)) as { towns?: Towns }).towns;
  if (towns === undefined) throw new UserError(neverUp(stack));
  const town = pick("TOWN", request.town, towns, `the stack ${stack}`, "town", "");
  const { invites } = towns[town]!;
  const peer = pick("PEER", request.peer, invites, town, "invite for a peer", UNDEPLOYED);
  return invites[peer]!;
}

type Towns = Readonly<Record<string, { invites: Readonly<Record<string, string>> }>>;

const UNDEPLOYED = " A peer that is declared but not deployed yet gets its invite from `make up`.";

async function readOutputs(stack: string, read: (stack: string) => Promise<string>): Promise<string> {
  try {
    return await read(stack);
  } catch (error) {
    // Pulumi's own words for a stack that its backend does not know (cmd/pulumi, exit code 6).
    if (error instanceof UserError && error.message.includes("no stack named")) throw new UserError(neverUp(stack));
    throw error;
  }
}

function neverUp(stack: string): string {
  return `The stack ${stack} is not up, so it has no invites yet: run \`make up\` first.`;
}

/** The name that was asked for, if it is one of a map's. */
function pick(
  variable: string,
  name: string | undefined,
  from: object,
  owner: string,
  what: string,
  hint: string,
): string {
  const names = `${variable} can be: ${Object.keys(from).sort().join(", ") || "nothing yet"}.${hint}`;
  if (name === undefined)
    throw new UserError(
      `${variable} is missing: say ${variable}=<${variable === "TOWN" ? "name" : "nodeId"}>. Of ${owner} ${names}`,
    );
  if (!Object.hasOwn(from, name)) throw new UserError(`There is no ${what} "${name}" of ${owner}. ${names}`);
  return name;
}
