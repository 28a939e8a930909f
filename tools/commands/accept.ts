import { checkInvite, declaredTown } from "./checkInvite";
import { readInvite } from "./readInvite";
import { changeConfig, openStack, textAt, type StackAccess } from "./stackAccess";

/**
 * Takes an invite from standard input into the stack's encrypted config, at `town-ator:invites.<town>.<peer>`, from
 * where the next `make up` reads it. Everything is checked first and nothing is changed on an error; no part of the
 * invite is printed. Gives the exit code.
 */
export async function accept(options: { stack: string; town?: string | undefined }): Promise<number> {
  await acceptInvite(options.town, { ...(await openStack(options.stack)), readInvite });
  return 0;
}

/**
 * What `accept` does, its effects apart. Throws a UserError, with nothing changed, if the town or the invite is not
 * right.
 *
 * @param access the stack, and the invite from standard input; `question` is for a terminal
 */
export async function acceptInvite(
  name: string | undefined,
  access: StackAccess & { readInvite(question: string): Promise<string> },
): Promise<void> {
  const { stack } = access;
  const config = await access.config();
  const town = declaredTown(config, stack, name);
  const question = `Paste the invite for ${town.name} (${town.nodeId}) and press Enter; it is not shown: `;
  const text = (await access.readInvite(question)).trim();
  const { nodeId: peer } = checkInvite(text, town, config, stack);

  const place = { key: "invites", town: town.name, name: peer } as const;
  const earlier = textAt(config, place);
  if (earlier === text) {
    access.say(`${town.name} has accepted this invite of ${peer} before; nothing is changed`);
    return;
  }
  await changeConfig(access, config, { secrets: [{ ...place, text }] }, "the invite");
  access.say(
    earlier === undefined
      ? `${town.name} has accepted the invite of ${peer}`
      : `${town.name} has accepted another invite of ${peer}; the earlier one is replaced`,
  );
  access.say(`it is in Pulumi.${stack}.yaml, encrypted; \`make up\` makes ${town.name} dial ${peer}`);
}
