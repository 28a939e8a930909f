import * as fs from "node:fs/promises";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { localPath } from "../console/project";
import type { Pulumi, PulumiRun } from "./pulumi";

/** One step of Pulumi's plan (StepEventMetadata in sdk/go/common/apitype/events.go). */
interface Step {
  readonly op: string;
  readonly old?: StepState | null;
  readonly new?: StepState | null;
}

/** What a step says of a resource before or after it; the values of secrets are masked. */
interface StepState {
  readonly outputs?: unknown;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
}

/** What a step does that leaves its resource alone. */
const IDLE = new Set(["same", "read"]);

/**
 * Whether an `up` after this preview would leave everything as the state has it: each resource, what it puts out and
 * what protects it. False for a log that shows no step at all.
 *
 * @param eventLog what `--event-log` writes, one JSON text a line
 */
export function changesNothing(eventLog: string): boolean {
  const events = eventLog
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { resourcePreEvent?: { metadata: Step }; resOutputsEvent?: { metadata: Step } });
  const steps = events.flatMap(({ resourcePreEvent, resOutputsEvent }) => [
    // What a resource will put out is not known yet when its step begins.
    ...(resourcePreEvent ? [{ ...resourcePreEvent.metadata, compared: protection }] : []),
    ...(resOutputsEvent ? [{ ...resOutputsEvent.metadata, compared: outputs }] : []),
  ]);
  return (
    steps.length > 0 &&
    steps.every(({ op, old, new: next, compared }) => IDLE.has(op) && isDeepStrictEqual(compared(old), compared(next)))
  );
}

const protection = (state: StepState | null | undefined) => [state?.protect ?? false, state?.retainOnDelete ?? false];
const outputs = (state: StepState | null | undefined) => state?.outputs ?? {};

/** Shows a preview, and tells whether an `up` would change anything. */
export async function previewChanges(
  pulumi: Pick<Pulumi, "stream">,
  directory = localPath(),
): Promise<PulumiRun & { changes: boolean }> {
  const folder = await fs.mkdtemp(path.join(directory, "preview-"));
  try {
    const log = path.join(folder, "events");
    // Without the variable there is no such option.
    const run = await pulumi.stream(["preview", "--event-log", log], { PULUMI_DEBUG_COMMANDS: "true" });
    return { ...run, changes: run.exitCode === 0 && !changesNothing(await fs.readFile(log, "utf8")) };
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}
