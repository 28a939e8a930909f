import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { buildTowns } from "../../../stack/buildTowns";
import { NAMESPACE } from "../../../stack/configKeys";
import { parseSettings } from "../../../stack/settings";
import { readConfigFile } from "../../pulumi/configFile";
import { record, reveal, type Recorded } from "../../commands/recordProgram";
import { run } from "../../console/run";
import { until } from "../../console/until";

/** What was started by hand. */
export interface HandMade {
  /** The invite of the first declared peer. */
  readonly invite: string;
  remove(): Promise<void>;
}

/** The properties of a container that `docker create` is given. */
interface ContainerInputs {
  name: string;
  entrypoints: string[];
  command: string[];
  user: string;
  readOnly?: boolean;
  init?: boolean;
  memory: number;
  envs?: string[];
  dns?: string[];
  tmpfs?: Record<string, string>;
  sysctls?: Record<string, string>;
  networkMode?: string;
  restart: string;
  labels: { label: string; value: string }[];
  networksAdvanced?: { name: string; ipv4Address?: string }[];
  volumes: { volumeName: string; containerPath: string; readOnly?: boolean }[];
  uploads?: { file: string; content?: string; contentBase64?: string }[];
  healthcheck?: { tests: string[]; interval: string; timeout: string; retries: number; startPeriod: string };
}

/**
 * The floor: the containers that the program of a stack declares, made by the Docker client one after the other as an
 * operator's script would, each waited for before the next one that needs it. `images` are tags that exist; `secret`
 * makes a random secret.
 */
export async function runByHand(
  stack: string,
  images: { anon: string; connector: string },
  secret: () => string,
): Promise<HandMade> {
  const { resources, invite } = await declared(stack, images, secret);
  const of = (type: string) => resources.filter((resource) => resource.type.endsWith(`:${type}`));
  const remove = async () => {
    const names = (type: string) => of(type).map(({ inputs }) => inputs["name"] as string);
    await docker(["rm", "--force", ...names("Container")], true);
    await docker(["network", "rm", ...names("Network")], true);
    await docker(["volume", "rm", ...names("Volume")], true);
  };
  try {
    for (const { inputs } of of("Network")) await docker(networkArguments(inputs));
    const containers = of("Container").map(({ inputs }) => reveal(inputs) as ContainerInputs);
    for (const inputs of inOrder(containers)) await start(inputs);
  } catch (error) {
    await remove();
    throw error;
  }
  return { invite, remove };
}

async function declared(stack: string, images: { anon: string; connector: string }, secret: () => string) {
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
    { secret, imageId: (name) => (name === "anon-image" ? images.anon : images.connector) },
  );
  return { resources: resources as (Recorded & { inputs: { name?: string; image?: string } })[], invite };
}

/** One-shots, relays, sidecar, connector. */
function inOrder(containers: ContainerInputs[]): ContainerInputs[] {
  const rank = ({ healthcheck, networksAdvanced, name }: ContainerInputs) =>
    healthcheck === undefined ? 0 : name.endsWith("-local-network") ? 1 : networksAdvanced!.length === 2 ? 2 : 3;
  return [...containers].sort((a, b) => rank(a) - rank(b));
}

async function start(inputs: ContainerInputs & { image?: string }): Promise<void> {
  await docker(createArguments(inputs));
  const [, ...others] = inputs.networksAdvanced ?? [];
  for (const { name, ipv4Address } of others)
    await docker(["network", "connect", ...(ipv4Address ? ["--ip", ipv4Address] : []), name, inputs.name]);
  await upload(inputs);
  if (inputs.healthcheck === undefined) {
    await docker(["start", "--attach", inputs.name]);
    return;
  }
  await docker(["start", inputs.name]);
  await until(
    () => docker(["inspect", "--format", "{{.State.Health.Status}}", inputs.name]),
    (status) => status === "healthy",
    { everyMs: 100 },
  );
}

async function upload({ name, uploads = [] }: ContainerInputs): Promise<void> {
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

function networkArguments(inputs: Record<string, unknown>): string[] {
  const { name, internal, options, ipamConfigs } = inputs as {
    name: string;
    internal?: boolean;
    options?: Record<string, string>;
    ipamConfigs: { subnet: string; gateway: string; ipRange: string }[];
  };
  const [{ subnet, gateway, ipRange }] = ipamConfigs as [{ subnet: string; gateway: string; ipRange: string }];
  return [
    ...["network", "create", "--subnet", subnet, "--gateway", gateway, "--ip-range", ipRange],
    ...(internal ? ["--internal"] : []),
    ...Object.entries(options ?? {}).flatMap(([key, value]) => ["--opt", `${key}=${value}`]),
    name,
  ];
}

function createArguments(inputs: ContainerInputs & { image?: string }): string[] {
  const { healthcheck: health } = inputs;
  const [first] = inputs.networksAdvanced ?? [];
  return [
    ...[
      "create",
      "--name",
      inputs.name,
      "--user",
      inputs.user,
      "--restart",
      inputs.restart,
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
    ],
    ...["--ulimit", "core=0:0"],
    ...["--memory", `${inputs.memory}m`, "--memory-swap", `${inputs.memory}m`, "--entrypoint", inputs.entrypoints[0]!],
    ...(inputs.readOnly ? ["--read-only"] : []),
    ...(inputs.init ? ["--init"] : []),
    ...inputs.labels.flatMap(({ label, value }) => ["--label", `${label}=${value}`]),
    ...(inputs.envs ?? []).flatMap((env) => ["--env", env]),
    ...(inputs.dns ?? []).flatMap((server) => ["--dns", server]),
    ...Object.entries(inputs.tmpfs ?? {}).flatMap(([target, options]) => ["--tmpfs", `${target}:${options}`]),
    ...Object.entries(inputs.sysctls ?? {}).flatMap(([key, value]) => ["--sysctl", `${key}=${value}`]),
    ...(inputs.networkMode ? ["--network", inputs.networkMode] : []),
    ...(first ? ["--network", first.name, ...(first.ipv4Address ? ["--ip", first.ipv4Address] : [])] : []),
    ...inputs.volumes.flatMap(({ volumeName, containerPath, readOnly }) => [
      "--volume",
      `${volumeName}:${containerPath}${readOnly ? ":ro" : ""}`,
    ]),
    ...(health
      ? [
          ...[
            "--health-cmd",
            health.tests
              .slice(1)
              .map((argument) => `'${argument}'`)
              .join(" "),
            "--health-interval",
            health.interval,
            "--health-timeout",
            health.timeout,
          ],
          ...["--health-retries", String(health.retries), "--health-start-period", health.startPeriod],
        ]
      : []),
    inputs.image!,
    ...inputs.entrypoints.slice(1),
    ...inputs.command,
  ];
}

async function docker(args: string[], mayFail = false): Promise<string> {
  const { exitCode, stdout, stderr } = await run("docker", args, { reject: false, stdin: "ignore" });
  if (exitCode !== 0 && !mayFail) throw new Error(`docker ${args[0]} fails: ${stderr}`);
  return stdout.trim();
}
