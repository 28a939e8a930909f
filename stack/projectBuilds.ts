import { anonContext } from "../components/anonImage";
import { connectorContext, relayContext } from "./connectorContext";
import type { Builds } from "./images";

/**
 * How the images of this project are built. `env` may name the images to build on, for a machine that reaches no
 * registry.
 *
 * @param project the project's folder
 */
export function projectBuilds(project: string, env: NodeJS.ProcessEnv): Builds {
  return {
    anon: { context: () => anonContext(project), base: env["TOWN_ATOR_ANON_BASE"] },
    connector: { context: () => connectorContext(project), base: env["TOWN_ATOR_NODE_BASE"] },
    relay: { context: () => relayContext(project), base: env["TOWN_ATOR_NODE_BASE"] },
  };
}
