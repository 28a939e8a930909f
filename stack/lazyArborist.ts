import { createRequire } from "node:module";

/**
 * Import this before Pulumi's SDK. The SDK loads `@npmcli/arborist`, and with it a hundred packages of npm's, to
 * serialize functions (its runtime/closure/codePaths.ts): a sixth of a second at each start of a program that, like
 * this one, has no function to serialize. Now it is loaded when the SDK asks for what is in it.
 */
const sdk = createRequire(require.resolve("@pulumi/pulumi"));
const file = sdk.resolve("@npmcli/arborist");

const later = {
  __esModule: true, // so that the SDK's own `import *` keeps the getter
  get Arborist(): unknown {
    delete require.cache[file];
    return (sdk(file) as { Arborist: unknown }).Arborist;
  },
};
require.cache[file] ??= { ...module, id: file, filename: file, loaded: true, exports: later };
