/**
 * What `make soak` runs in namespaces of its own, as `inside.ts FOLDER SHAPE whole|storms|faults|short|shape`: a Docker
 * Engine in the folder, a local town of that shape on it, the storms and the faults. Writes FOLDER/report.json.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { say, sayError } from "../../console/say";
import { dockerClient } from "../../docker/dockerHost";
import type { Pulumi } from "../../pulumi/pulumi";
import { openPulumi } from "../../pulumi/stack";
import { make } from "../make";
import { PrivateEngine } from "../engine/privateEngine";
import { Siege, type Weathered } from "../storms/siege";
import { PEERS_STORMS, STRANGERS_STORMS } from "../storms/storms";
import { targetOf } from "../storms/target";
import { removeStackFiles, writeStack } from "../temporaryStack";
import { makeFaults, TOWN } from "./faults";
import { Outside } from "./outside";
import type { Form, Shape, Soaked } from "./report";

const STACK = "soak";

/** Milliseconds in which a town has to be reached again: a shape that does not come back is not waited for as long. */
const RECOVERY_MS = { whole: 240_000, shape: 120_000 };

let variant = 0;

/** Writes the config; another one of the last has the town's containers replaced. */
async function configure(shape: Shape): Promise<void> {
  const peers = { "g.honest": {}, "g.visitor": {} };
  const more = 2 * (variant % 2);
  const memoryMiB = { connector: 256 + more, ...(shape !== "direct" && { sidecar: 128 + more }) };
  const place = shape === "direct" ? { transport: "direct", publish: "127.0.0.1:3100" } : { topology: shape };
  variant += 1;
  await writeStack(STACK, { [TOWN]: { nodeId: "g.home", peers, memoryMiB, ...place } });
}

async function soak(folder: string, shape: Shape, form: Form): Promise<Soaked> {
  const engine = new PrivateEngine(folder);
  await engine.begin();
  process.env["DOCKER_HOST"] = engine.host.url;
  const docker = dockerClient(engine.host);
  await configure(shape);
  await forget(await openPulumi(STACK)); // what a soak that was killed has left
  await configure(shape);
  const pulumi = await openPulumi(STACK);
  try {
    await make("up", STACK);
    const target = await targetOf(pulumi, TOWN);
    const storms = form === "faults" || form === "short" ? [] : await weather(await Siege.lay(docker, target));
    if (form === "storms") return { storms, recoveries: [] };
    const recoveryMs = RECOVERY_MS[form === "shape" ? "shape" : "whole"];
    const scene = {
      ...{ stack: STACK, engine, docker: dockerClient(engine.host, 60_000) },
      outside: new Outside(dockerClient(engine.host, 10_000), target, recoveryMs),
      change: () => configure(shape),
    };
    return { storms, recoveries: await makeFaults(scene, form === "faults" ? "whole" : form) };
  } finally {
    await forget(pulumi);
    await engine.end("SIGTERM");
  }
}

/** Removes the stack's state and config. The Engine goes with everything that is on it. */
async function forget(pulumi: Pulumi): Promise<void> {
  await pulumi.run(["stack", "rm", "--force", "--yes", "--preserve-config"]);
  await removeStackFiles(STACK);
}

async function weather(siege: Siege): Promise<Weathered[]> {
  const results: Weathered[] = [];
  try {
    for (const storm of [...STRANGERS_STORMS, ...PEERS_STORMS]) {
      const result = await siege.weather(storm);
      say(`${storm.name}: ${result.figure}; ${result.faults.join("; ") || "unharmed"}`);
      results.push(result);
      await delay(1000);
    }
  } finally {
    await siege.lift();
  }
  return results;
}

const [folder, shape, form] = process.argv.slice(2) as [string, Shape, Form];
soak(folder, shape, form).then(
  (report) => {
    fs.writeFileSync(path.join(folder, "report.json"), JSON.stringify(report));
    process.exit(0);
  },
  (error: unknown) => {
    sayError(error);
    process.exit(1);
  },
);
