import { say } from "../console/say";
import { prepareEnvironment } from "../pulumi/environment";
import type { Options } from "./options";

/** Gets this machine ready for a stack, and says with what. */
export async function setup({ stack }: Pick<Options, "stack">): Promise<void> {
  const { pulumi, plugins, dockerHost } = await prepareEnvironment({ stack });
  say(`ready: ${pulumi} with ${plugins} plugins, Docker at ${dockerHost.url}`);
}
