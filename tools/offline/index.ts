import type { Offline } from "../environment";
import { prepareBaseImages } from "./baseImages";
import { startDocker } from "./docker";
import { preparePulumi } from "./pulumi";

// What tools/environment.ts loads, and the whole of it: the check below keeps the two in step.
export { prepareBaseImages, startDocker, preparePulumi };
({ prepareBaseImages, startDocker, preparePulumi }) satisfies Offline;
