import type { Offline } from "../pulumi/environment";
import { prepareBaseImages } from "./baseImages";
import { preparePulumi } from "./pulumi";

// What tools/pulumi/environment.ts loads, and the whole of it: the check below keeps the two in step.
export { prepareBaseImages, preparePulumi };
({ prepareBaseImages, preparePulumi }) satisfies Offline;
