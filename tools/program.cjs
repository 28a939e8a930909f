/* global require */
/*
 * Runs the program in place of the SDK's `cmd/run` (PULUMI_LANGUAGE_NODEJS_RUN_PATH), compiled as the commands are.
 * Pulumi's own way loads the TypeScript compiler and reads the source maps of all packages, half of a program's time.
 */
process.env["PULUMI_NODEJS_TYPESCRIPT"] = "false";
require("./ts.cjs");
require("../stack/startSooner");
const { loadLater } = require("../stack/loadLater");
for (const unused of ["typescript", "source-map-support/register"])
  loadLater(unused, require.resolve("@pulumi/pulumi"));
require("@pulumi/pulumi/cmd/run");
