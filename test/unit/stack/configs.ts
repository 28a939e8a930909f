import { expect } from "vitest";
import { formatInvite } from "../../../components/core/invite";
import { parseSettings, SettingsError } from "../../../stack/settings";

/** The seed 00 01 … 1f of the published vector, as base64. */
export const SEED = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString("base64");
const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";

/** A stack's config as Pulumi hands it to a program. */
export function config(settings: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      `town-ator:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** The lines that a config is refused with; none if it is accepted. */
export function problems(settings: Record<string, unknown>): readonly string[] {
  try {
    parseSettings(config(settings), "dev");
  } catch (error) {
    if (error instanceof SettingsError) return error.lines;
    throw error;
  }
  return [];
}

/** An invite from one nodeId to another. */
export const invite = (nodeId: string, peerId: string) =>
  formatInvite({ nodeId, peerId, url: `ws://${ADDRESS}:3000`, token: "t".repeat(32) });

/** Expects that a config is refused with one line, which contains a text. */
export function expectRefused(settings: Record<string, unknown>, line: string): void {
  const lines = problems(settings);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(line);
}
