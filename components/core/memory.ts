/** Memory limits of a town's containers in MiB, unless it sets others. */
export const DEFAULT_MEMORY_MIB = { connector: 256, sidecar: 128, relay: 256 } as const;

/** What a memory limit may be: Docker needs a few MiB, and a fraction would be a change at every `up`. */
export const MEMORY_RULE = "must be a whole number of MiB from 64 to 65536";

/** What is wrong with a memory limit in MiB, if anything. */
export function memoryProblem(mebibytes: number): string | undefined {
  return Number.isInteger(mebibytes) && mebibytes >= 64 && mebibytes <= 65_536 ? undefined : MEMORY_RULE;
}
