import * as pulumi from "@pulumi/pulumi";
import { afterEach } from "vitest";
import { record as recordProgram, type Recorded } from "../tools/commands/recordProgram";

export { redacted, reveal, type Recorded } from "../tools/commands/recordProgram";

/** What the mocks answer for a random secret: another text for every name, so that a test sees which went where. */
export const mockSecret = (name: string) =>
  name
    .replace(/[^A-Za-z0-9]/g, "")
    .padEnd(43, "0")
    .slice(0, 43);

/** Runs a program under mocks that answer as a provider would after an `up`. */
export function record(build: () => unknown, stack = "dev", project = "town-ator"): Promise<Recorded[]> {
  return recordProgram(build, stack, { secret: mockSecret, imageId: (name) => `sha256:${name}` }, project);
}

/** After each test of a file that records: waits for what is still under way, so that no test hears from another. */
export function keepTestsApart(): void {
  afterEach(async () => {
    await pulumi.runtime.disconnect();
  });
}

/** The value of an Output, whether it is secret or not. */
export const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

/**
 * The one recorded resource of that type and name; a test that asks for another fails with the names that there are.
 */
export function find(resources: readonly Recorded[], type: string, name: string): Recorded {
  const found = resources.find((resource) => resource.type.endsWith(`:${type}`) && resource.name === name);
  if (!found)
    throw new Error(
      `no ${type} ${name} among ${resources.map((resource) => `${resource.type} ${resource.name}`).join(", ")}`,
    );
  return found;
}
