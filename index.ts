import "./stack/startSooner";
import { buildTowns } from "./stack/buildTowns";
import { projectBuilds } from "./stack/projectBuilds";
import { omitPromiseTraces } from "./stack/promiseTraces";
import { readDeployed } from "./stack/readDeployed";
import { readSettings } from "./stack/readSettings";
import { silenceDebugMessages } from "./components/silenceDebug";

silenceDebugMessages();
omitPromiseTraces();

// What it returns is the stack's outputs.
export = async () => buildTowns(readSettings(), projectBuilds(__dirname, process.env), await readDeployed());
