import type { Offline } from "../pulumi/environment";
import { prepareBaseImages } from "./baseImages";
import { preparePulumi } from "./pulumi";
import { isToolchainBuilt } from "./toolchain/build";

// What tools/pulumi/environment.ts loads, and the whole of it: the check below keeps the two in step.
export { isToolchainBuilt, prepareBaseImages, preparePulumi };
({ isToolchainBuilt, prepareBaseImages, preparePulumi }) satisfies Offline;
