import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "./labels";
import { redacted, type Recorded } from "./recordProgram";

/** A compose file; `services`, `networks` and `volumes` by their names in it. */
export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, object>>;
  readonly networks: Readonly<Record<string, object>>;
  readonly volumes: Readonly<Record<string, object>>;
}

/** What each input of a resource is in a compose file. */
type Translations<Args> = {
  readonly [Input in keyof Args]?: (value: NonNullable<pulumi.Unwrap<Args[Input]>>, at: At<Args>) => object;
};

/** What else a translation may need. */
interface At<Args> {
  readonly inputs: pulumi.Unwrap<Args>;
  /** The resource that an input comes from. */
  readonly source: (input: string) => Recorded;
  /** A name in Docker as it is in the compose file. */
  readonly key: (name: string) => string;
}

/** It says how Pulumi deploys, not what runs. */
const DEPLOYMENT = () => ({});

const CONTAINER: Translations<docker.ContainerArgs> = {
  name: (name) => ({ container_name: name }),
  image: (_, { source, key }) => translated(source("image"), IMAGE, { source, key }),
  entrypoints: (entrypoint) => ({ entrypoint }),
  command: (command) => ({ command }),
  envs: (environment) => ({ environment }),
  user: (user) => ({ user }),
  init: (init) => ({ init }),
  readOnly: (readOnly) => ({ read_only: readOnly }),
  tmpfs: (tmpfs) => ({ tmpfs: Object.entries(tmpfs).map(([path, options]) => `${path}:${options}`) }),
  capabilities: (capabilities) => renamed(capabilities, { drops: "cap_drop", adds: "cap_add" }),
  securityOpts: (options) => ({ security_opt: options }),
  sysctls: (sysctls) => ({ sysctls }),
  ulimits: (ulimits) => ({ ulimits: Object.fromEntries(ulimits.map(({ name, ...limits }) => [name, limits])) }),
  memory: (mebibytes) => ({ mem_limit: `${mebibytes}m` }),
  memorySwap: (mebibytes) => ({ memswap_limit: `${mebibytes}m` }),
  restart: (restart) => ({ restart }),
  stopTimeout: (seconds) => ({ stop_grace_period: `${seconds}s` }),
  healthcheck: (healthcheck) => ({
    healthcheck: renamed(healthcheck, {
      tests: "test",
      interval: "interval",
      timeout: "timeout",
      retries: "retries",
      startPeriod: "start_period",
    }),
  }),
  logDriver: (driver, { inputs }) => ({ logging: { driver, options: inputs.logOpts } }),
  logOpts: () => ({}), // with logDriver
  labels: (labels) => ({ labels: labelsOf({ labels }) }),
  dns: (dns) => ({ dns }),
  networksAdvanced: (networks, { key }) => ({
    networks: Object.fromEntries(
      networks.map(({ name, ...others }) => [key(name), renamed(others, { ipv4Address: "ipv4_address" })]),
    ),
  }),
  networkMode: (mode, { source, key }) => ({
    network_mode: mode.startsWith("container:") ? `service:${key(dockerNameOf(source("networkMode")))}` : mode,
  }),
  ports: (ports) => ({
    ports: ports.map((port) => renamed(port, { ip: "host_ip", external: "published", internal: "target" })),
  }),
  volumes: (volumes, { key }) => ({
    volumes: volumes.map(({ volumeName = "", ...others }) => ({
      type: "volume",
      source: key(volumeName),
      ...renamed(others, { containerPath: "target", readOnly: "read_only" }),
    })),
  }),
  attach: DEPLOYMENT,
  destroyGraceSeconds: DEPLOYMENT,
  logs: DEPLOYMENT,
  wait: DEPLOYMENT,
  waitTimeout: DEPLOYMENT,
};

const IMAGE: Translations<docker.RemoteImageArgs> = {
  name: (image) => ({ image }),
  build: (build) => ({ build: renamed(build, { context: "context", buildArgs: "args" }) }),
  keepLocally: DEPLOYMENT,
  triggers: DEPLOYMENT,
};

const NETWORK: Translations<docker.NetworkArgs> = {
  name: (name) => ({ name }),
  driver: (driver) => ({ driver }),
  internal: (internal) => ({ internal }),
  options: (options) => ({ driver_opts: options }),
  ipamConfigs: (configs) => ({
    ipam: { config: configs.map((one) => renamed(one, { subnet: "subnet", gateway: "gateway", ipRange: "ip_range" })) },
  }),
  labels: (labels) => ({ labels: labelsOf({ labels }) }),
};

const VOLUME: Translations<docker.VolumeArgs> = {
  name: (name) => ({ name }),
  labels: (labels) => ({ labels: labelsOf({ labels }) }),
};

/**
 * The long-running containers of a recorded program as a compose file, with their networks and volumes. One-shots are
 * left out; what belongs to another stack is `external`. It holds no secret: an input that is one becomes `[secret]`.
 * Throws where an input has no translation, so none is left out in silence.
 */
export function composeOf(resources: readonly Recorded[], stack: string): ComposeFile {
  const name = `town-ator-${stack}`;
  const key = (dockerName: string) =>
    dockerName.startsWith(`${name}-`) ? dockerName.slice(name.length + 1) : dockerName;
  const translate = <Args>(self: Recorded, table: Translations<Args>) =>
    translated(self, table, { source: (input) => sourceOf(self, input, resources), key });
  const containers = ofType(resources, CONTAINER_TYPE).filter(({ inputs }) => inputs["mustRun"] !== false);
  const services = containers.map((self) => {
    const dependencies = containers.filter((other) => self.options.dependsOn?.includes(other.name));
    return [
      key(dockerNameOf(self)),
      {
        ...translate(self, CONTAINER),
        depends_on: Object.fromEntries(
          dependencies.map((other) => [
            key(dockerNameOf(other)),
            { condition: other.inputs["wait"] === true ? "service_healthy" : "service_started" },
          ]),
        ),
      },
    ] as const;
  });
  const used = <Args>(names: readonly string[], known: readonly Recorded[], table: Translations<Args>) =>
    Object.fromEntries(
      [...new Set(names)].sort().map((used) => {
        const own = known.find((resource) => dockerNameOf(resource) === used);
        return [key(used), own ? translate(own, table) : { name: used, external: true }];
      }),
    );
  const namesIn = (input: string, field: string) =>
    containers.flatMap(({ inputs }) =>
      ((inputs[input] ?? []) as Record<string, unknown>[]).map((entry) => entry[field] as string),
    );
  return {
    name: name.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "-"),
    services: Object.fromEntries(services),
    networks: used(namesIn("networksAdvanced", "name"), ofType(resources, "docker:index/network:Network"), NETWORK),
    volumes: used(namesIn("volumes", "volumeName"), ofType(resources, "docker:index/volume:Volume"), VOLUME),
  };
}

const CONTAINER_TYPE = "docker:index/container:Container";

const ofType = (resources: readonly Recorded[], type: string) => resources.filter((one) => one.type === type);
const dockerNameOf = ({ inputs }: Recorded) => inputs["name"] as string;

function translated<Args>(self: Recorded, table: Translations<Args>, at: Omit<At<Args>, "inputs">): object {
  const inputs = redacted(self.inputs) as pulumi.Unwrap<Args>;
  const parts = Object.entries(inputs as object).map(([input, value]) => {
    const translate = table[input as keyof Args] as ((value: unknown, at: At<Args>) => object) | undefined;
    if (translate === undefined) throw new Error(`${self.type} ${self.name}: ${input} has no translation`);
    return translate(value, { ...at, inputs });
  });
  return Object.assign({}, ...parts) as object;
}

function sourceOf(self: Recorded, input: string, resources: readonly Recorded[]): Recorded {
  const [kindAndName] = self.propertyDependencies[input] ?? [];
  const found = resources.find(({ type, name }) => `${type.split(":").pop()} ${name}` === kindAndName);
  if (found === undefined) throw new Error(`${self.name}: it is not known what its ${input} comes from`);
  return found;
}

/** A structure with other names for its keys; throws for one that has none. */
function renamed<T extends object>(value: T, names: { readonly [Key in keyof T]?: string }): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = names[key as keyof T];
      if (name === undefined) throw new Error(`${key} has no translation`);
      return [name, inner as unknown];
    }),
  );
}
