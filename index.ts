import { buildTowns } from "./components/buildTowns";
import { anonContext, connectorContext } from "./components/imageContexts";
import { readDeployed } from "./components/readDeployed";
import { readSettings } from "./components/readSettings";
import { silenceDebugMessages } from "./components/silenceDebug";

silenceDebugMessages();

const builds = {
  anon: { context: () => anonContext(__dirname), base: process.env["TOWN_ATOR_ANON_BASE"] },
  connector: { context: () => connectorContext(__dirname), base: process.env["TOWN_ATOR_NODE_BASE"] },
};

// What it returns is the stack's outputs.
export = async () => buildTowns(readSettings(), builds, await readDeployed());
