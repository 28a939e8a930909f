import { buildTowns } from "./components/buildTowns";
import { anonContext, connectorContext } from "./components/imageContexts";
import { readSettings } from "./components/readSettings";

const stack = buildTowns(readSettings(), {
  anon: { context: () => anonContext(__dirname), base: process.env["TOWN_ATOR_ANON_BASE"] },
  connector: { context: () => connectorContext(__dirname), base: process.env["TOWN_ATOR_NODE_BASE"] },
});

export const towns = stack.towns;
export const anonUrl = stack.anonUrl;
