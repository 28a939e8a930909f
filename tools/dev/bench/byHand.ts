import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { ContainerArgs, NetworkArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import { builtName, type LocalBuild } from "../../../components/docker/image";
import { buildTowns } from "../../../stack/buildTowns";
import { NAMESPACE } from "../../../stack/configKeys";
import { projectBuilds } from "../../../stack/projectBuilds";
import { parseSettings } from "../../../stack/settings";
import { readConfigFile } from "../../pulumi/configFile";
import { record, reveal, type Recorded } from "../../commands/recordProgram";
import { projectDirectory } from "../../console/project";
import { run } from "../../console/run";
import { until } from "../../console/until";

/** The tags of the images that this project builds for a town. */
function imageTags(env: NodeJS.ProcessEnv): { anon: string; connector: string } {
  const tag = (name: string, { context, base }: LocalBuild) => builtName(name, context().hash, base);
  const { anon, connector } = projectBuilds(projectDirectory, env);
  return { anon: tag("anon", anon), connector: tag("connector", connector) };
}

/** A way of getting a town up. */
export interface Way {
  /** Starts everything and waits for it; gives the invite of a declared peer. */
  readonly start: () => Promise<string>;
  readonly remove: () => Promise<void>;
}

type Container = Unwrap<ContainerArgs>;
type Network = Unwrap<NetworkArgs>;

/**
 * The floor: the containers that the program of a stack declares, made by the Docker client one after the other as an
 * operator's script would, each waited for before the next one that needs it. The images exist.
 *
 * @param env may name the images that those are built on
 */
export function byHand(stack: string, env: NodeJS.ProcessEnv): Way {
  const tags = imageTags(env);
  let resources: readonly Recorded[] = [];
  const of = <Inputs>(type: string) =>
    resources.filter((one) => one.type.endsWith(`:${type}`)).map(({ inputs }) => reveal(inputs) as Inputs);
  return {
    start: async () => {
      const declared = await declaredBy(stack, tags);
      resources = declared.resources;
      for (const network of of<Network>("Network")) await docker(networkArguments(network));
      for (const container of inOrder(of<Container>("Container"))) await start(container);
      return declared.invite;
    },
    remove: async () => {
      const names = (type: string) => of<{ name: string }>(type).map(({ name }) => name);
      await docker(["rm", "--force", ...names("Container")], true);
      await docker(["network", "rm", ...names("Network")], true);
      await docker(["volume", "rm", ...names("Volume")], true);
    },
  };
}

async function declaredBy(stack: string, images: ReturnType<typeof imageTags>) {
  const settings = parseSettings(readConfigFile(stack), stack);
  if (settings.network !== "local") throw new Error(`only a stack with ${NAMESPACE}:network local can be measured`);
  const build = { context: () => ({ path: "", hash: "0".repeat(64) }) };
  let invite = "";
  const resources = await record(
    () => {
      const { towns } = buildTowns(settings, { anon: build, connector: build, relay: build });
      const [first] = Object.values(towns).flatMap(({ invites }) => Object.values(invites));
      first?.apply((text) => (invite = text));
    },
    stack,
    {
      secret: () => randomBytes(32).toString("hex").slice(0, 43),
      imageId: (name) => (name === "anon-image" ? images.anon : images.connector),
    },
  );
  return { resources, invite };
}

/** One-shots, relays, sidecar, connector. */
function inOrder(containers: readonly Container[]): Container[] {
  const rank = ({ healthcheck, networksAdvanced, name }: Container) =>
    healthcheck === undefined ? 0 : name!.endsWith("-local-network") ? 1 : networksAdvanced!.length === 2 ? 2 : 3;
  return [...containers].sort((a, b) => rank(a) - rank(b));
}

async function start(inputs: Container): Promise<void> {
  const name = inputs.name!;
  await docker(containerArguments(inputs));
  for (const { name: network, ipv4Address } of inputs.networksAdvanced?.slice(1) ?? [])
    await docker(["network", "connect", ...options({ ip: ipv4Address }), network, name]);
  await upload(inputs);
  if (inputs.healthcheck === undefined) {
    await docker(["start", "--attach", name]);
    return;
  }
  await docker(["start", name]);
  await until(
    () => docker(["inspect", "--format", "{{.State.Health.Status}}", name]),
    (status) => status === "healthy",
    { everyMs: 100 },
  );
}

async function upload({ name, uploads = [] }: Container): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-bench-"));
  try {
    for (const { file, content, contentBase64 } of uploads) {
      const from = path.join(folder, path.basename(file));
      fs.writeFileSync(from, content ?? Buffer.from(contentBase64!, "base64"), { mode: 0o444 });
      await docker(["cp", from, `${name}:${file}`]);
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function networkArguments({ name, internal, options: drivers, ipamConfigs: [ipam] = [] }: Network): string[] {
  const address = { subnet: ipam?.subnet, gateway: ipam?.gateway, "ip-range": ipam?.ipRange };
  return ["network", "create", ...options({ ...address, internal, opt: pairs("=", drivers) }), name!];
}

function containerArguments(inputs: Container): string[] {
  const { healthcheck: health, entrypoints: [entrypoint, ...others] = [], networksAdvanced: [network] = [] } = inputs;
  const given = options({
    name: inputs.name,
    user: inputs.user,
    restart: inputs.restart,
    "cap-drop": inputs.capabilities?.drops,
    "security-opt": inputs.securityOpts,
    ulimit: inputs.ulimits?.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`),
    memory: `${inputs.memory}m`,
    "memory-swap": `${inputs.memorySwap}m`,
    entrypoint,
    "read-only": inputs.readOnly,
    init: inputs.init,
    label: inputs.labels?.map(({ label, value }) => `${label}=${value}`),
    env: inputs.envs,
    dns: inputs.dns,
    tmpfs: pairs(":", inputs.tmpfs),
    sysctl: pairs("=", inputs.sysctls),
    network: inputs.networkMode ?? network?.name,
    ip: network?.ipv4Address,
    volume: inputs.volumes?.map(
      ({ volumeName, containerPath, readOnly }) => `${volumeName}:${containerPath}${readOnly ? ":ro" : ""}`,
    ),
    "health-cmd": health?.tests?.slice(1).map(quoted).join(" "),
    "health-interval": health?.interval,
    "health-timeout": health?.timeout,
    "health-retries": health?.retries,
    "health-start-period": health?.startPeriod,
  });
  return ["create", ...given, inputs.image, ...others, ...(inputs.command ?? [])];
}

const quoted = (argument: string) => `'${argument}'`;

/** Options of a command line: one for each text of a list, none for what is not given. */
function options(
  values: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>,
): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `--${name}=${String(one)}`),
  );
}

const pairs = (between: string, values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).map((pair) => pair.join(between));

async function docker(args: string[], mayFail = false): Promise<string> {
  const { exitCode, stdout, stderr } = await run("docker", args, { reject: false });
  if (exitCode !== 0 && !mayFail) throw new Error(`docker ${args[0]} fails: ${stderr}`);
  return stdout.trim();
}
