import { buildTowns } from "./components/buildTowns";
import { anonContext, connectorContext } from "./components/imageContexts";
import { readSettings } from "./components/readSettings";

// What is exported is the stack's outputs.
export = buildTowns(readSettings(), {
  anon: { context: () => anonContext(__dirname), base: process.env["TOWN_ATOR_ANON_BASE"] },
  connector: { context: () => connectorContext(__dirname), base: process.env["TOWN_ATOR_NODE_BASE"] },
});
