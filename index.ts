import { buildTowns } from "./stack/buildTowns";
import { connectorContext } from "./stack/connectorContext";
import { omitPromiseTraces } from "./stack/promiseTraces";
import { readDeployed } from "./stack/readDeployed";
import { readSettings } from "./stack/readSettings";
import { anonContext } from "./components/anonImage";
import { silenceDebugMessages } from "./components/silenceDebug";

silenceDebugMessages();
omitPromiseTraces();

const builds = {
  anon: { context: () => anonContext(__dirname), base: process.env["TOWN_ATOR_ANON_BASE"] },
  connector: { context: () => connectorContext(__dirname), base: process.env["TOWN_ATOR_NODE_BASE"] },
};

// What it returns is the stack's outputs.
export = async () => buildTowns(readSettings(), builds, await readDeployed());
