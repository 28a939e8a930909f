import { serve } from "../shared/server";
import { bytesResource, passwordResource } from "./resources";

/** Set when the plugin is bundled (install.ts): the version of @pulumi/random in package.json. */
declare const PLUGIN_VERSION: string;

void serve({
  name: "random",
  version: PLUGIN_VERSION,
  resources: [bytesResource, passwordResource],
  configure: () => Promise.resolve(),
});
