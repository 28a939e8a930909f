import type Docker from "dockerode";
import { serve } from "../shared/server";
import { containerResource } from "./container";
import { networkResource } from "./network";
import { remoteImageResource } from "./remoteImage";
import { volumeResource } from "./volume";

/** Set when the plugin is bundled (install.ts): the version of @pulumi/docker in package.json. */
declare const PLUGIN_VERSION: string;

let connected: Docker | undefined;
const docker = (): Docker => {
  if (connected === undefined) throw new Error("the docker provider is not configured yet");
  return connected;
};

void serve({
  name: "docker",
  version: PLUGIN_VERSION,
  resources: [containerResource(docker), networkResource(docker), volumeResource(docker), remoteImageResource(docker)],
  async configure(config) {
    // Loaded only now: the engine waits for the port first, and dockerode takes a while to load.
    const { connect } = await import("./connect");
    connected = await connect(config);
  },
});
