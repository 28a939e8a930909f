import * as fs from "node:fs/promises";
import * as path from "node:path";
import { redact } from "../../components/core/redact";
import { localPath } from "../console/project";
import type { Look, Scene } from "./scan";

/** The outputs, as anyone with access to the stack sees them. */
export async function collectOutputs(scene: Scene, look: Look): Promise<void> {
  await look({ place: "pulumi stack output", content: await said(scene, ["stack", "output", "--json"]) });
}

/** A preview as text and as JSON, without our filter, and its event log. */
export async function collectPreviews(scene: Scene, look: Look): Promise<void> {
  const directory = await fs.mkdtemp(localPath("events-"));
  try {
    const log = path.join(directory, "events.json");
    const args = ["preview", "--diff", "--event-log", log];
    // Pulumi offers --event-log only with PULUMI_DEBUG_COMMANDS.
    const text = await said(scene, args, { PULUMI_DEBUG_COMMANDS: "true" });
    await look({ place: "pulumi preview --diff", content: text });
    await look({ place: "pulumi preview --event-log", content: await fs.readFile(log) });
  } finally {
    await fs.rm(directory, { recursive: true });
  }
  await look({ place: "pulumi preview --json", content: await said(scene, ["preview", "--json"]) });
}

/** The output of a Pulumi command. Throws if it fails. */
export async function said({ pulumi }: Scene, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const result = await pulumi.run(args, { env });
  if (result.exitCode !== 0) throw new Error(`\`pulumi ${args[0]}\` failed:\n${redact(result.all)}`);
  return result.all;
}
