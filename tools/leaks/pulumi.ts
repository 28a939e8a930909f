import * as fs from "node:fs/promises";
import * as path from "node:path";
import { redact } from "../../components/core/redact";
import { localPath, projectDirectory } from "../console/project";
import { run } from "../console/run";
import { stackArguments } from "../pulumi/stack";
import type { Place } from "./scan";
import type { Scene } from "./scene";

type Look = (place: Place) => Promise<void>;

/** The outputs as everybody sees them who may see the stack. */
export async function collectOutputs(scene: Scene, look: Look): Promise<void> {
  const args = ["stack", "output", "--json", ...stackArguments(scene.stack)];
  await look({ place: "pulumi stack output", content: await said(scene, args) });
}

/** What a preview says in words and as JSON, without any filter of ours, and the log of its events. */
export async function collectPreviews(scene: Scene, look: Look): Promise<void> {
  await fs.mkdir(localPath(), { recursive: true });
  const directory = await fs.mkdtemp(localPath("events-"));
  try {
    const log = path.join(directory, "events.json");
    const args = ["preview", "--diff", "--event-log", log, ...scene.chosen];
    // Pulumi has --event-log only for those who say that they look for faults in Pulumi.
    const text = await said(scene, args, { PULUMI_DEBUG_COMMANDS: "true" });
    await look({ place: "pulumi preview --diff", content: text });
    await look({ place: "pulumi preview --event-log", content: await fs.readFile(log) });
  } finally {
    await fs.rm(directory, { recursive: true });
  }
  await look({ place: "pulumi preview --json", content: await said(scene, ["preview", "--json", ...scene.chosen]) });
}

/** The stack's state as it is stored where no file of it can be read here. */
export async function exportState(scene: Scene, look: Look): Promise<void> {
  const args = ["stack", "export", ...stackArguments(scene.stack)];
  await look({ place: "pulumi stack export", content: await said(scene, args) });
}

/** All that a Pulumi command says. Throws when it fails. */
async function said({ environment }: Scene, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const result = await run(environment.pulumi, [...args, "--non-interactive"], {
    cwd: projectDirectory,
    env: { ...environment.env, ...env },
    reject: false,
  });
  if (result.exitCode !== 0) throw new Error(`\`pulumi ${args[0]}\` fails:\n${redact(result.all)}`);
  return result.all;
}
