/* global require */
/*
 * Runs the program in place of the SDK's `cmd/run` (PULUMI_LANGUAGE_NODEJS_RUN_PATH), compiled as the commands are.
 * Pulumi's own way loads the TypeScript compiler and reads the source maps of all packages, half of a program's time.
 */
process.env["PULUMI_NODEJS_TYPESCRIPT"] = "false";

// The decrypted config. The compiler here is a child process, and no child process is to inherit it.
const config = Object.entries(process.env).filter(([name]) => /^PULUMI_CONFIG(_SECRET_KEYS)?$/.test(name));
const hideConfig = () => config.forEach(([name]) => delete process.env[name]);

hideConfig();
require("./ts.cjs");
require("../stack/startSooner");
const { loadLater } = require("../stack/loadLater");
for (const unused of ["typescript", "source-map-support/register"])
  loadLater(unused, require.resolve("@pulumi/pulumi"));
Object.assign(process.env, Object.fromEntries(config));

const compile = require.extensions[".ts"];
require.extensions[".ts"] = (/** @type {NodeJS.Module} */ program, /** @type {string} */ file) => {
  // By now the SDK has a store of its own, or makes it here, and keeps the config in it.
  /** @type {{ getStore(): unknown }} */ (require("@pulumi/pulumi/runtime/state")).getStore();
  hideConfig();
  require.extensions[".ts"] = compile;
  compile?.(program, file);
};
require("@pulumi/pulumi/cmd/run");
