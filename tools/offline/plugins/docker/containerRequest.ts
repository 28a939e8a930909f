import type Docker from "dockerode";
import type { ContainerInputs } from "./containerType";
import { parseDuration } from "./duration";
import { toLabelMap } from "./labels";

const MIB = 1024 * 1024;

/** What the Engine is asked to create (POST /containers/create) for a container's checked inputs. */
export function containerRequest(inputs: ContainerInputs): Docker.ContainerCreateOptions {
  if (inputs.command?.includes("")) throw new Error("values for command may not be empty");
  const { healthcheck, ports } = inputs;
  return {
    name: inputs.name,
    Image: inputs.image,
    ...(inputs.hostname !== undefined && { Hostname: inputs.hostname }),
    ...(inputs.user !== undefined && { User: inputs.user }),
    ...(inputs.workingDir !== undefined && { WorkingDir: inputs.workingDir }),
    ...(inputs.envs?.length && { Env: inputs.envs }),
    ...(inputs.command?.length && { Cmd: inputs.command }),
    ...(inputs.entrypoints?.length && { Entrypoint: inputs.entrypoints }),
    ...(inputs.labels?.length && { Labels: toLabelMap(inputs.labels) }),
    ...(inputs.stopSignal !== undefined && { StopSignal: inputs.stopSignal }),
    ...(inputs.stopTimeout !== undefined && { StopTimeout: inputs.stopTimeout }),
    ...(ports?.length && { ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])) }),
    ...(inputs.volumes?.length && {
      Volumes: Object.fromEntries(inputs.volumes.map((volume) => [volume.containerPath, {}])),
    }),
    ...(healthcheck && {
      Healthcheck: {
        ...(healthcheck.tests && { Test: healthcheck.tests }),
        Interval: parseDuration(healthcheck.interval) ?? 0,
        Timeout: parseDuration(healthcheck.timeout) ?? 0,
        StartPeriod: parseDuration(healthcheck.startPeriod) ?? 0,
        Retries: healthcheck.retries,
      },
    }),
    HostConfig: hostConfig(inputs),
  };
}

function hostConfig(inputs: ContainerInputs): Docker.HostConfig {
  return {
    AutoRemove: inputs.rm,
    ReadonlyRootfs: inputs.readOnly,
    RestartPolicy: restartPolicy(inputs),
    NetworkMode: inputs.networkMode,
    Init: inputs.init ?? false,
    LogConfig: { Type: inputs.logDriver ?? "", Config: inputs.logOpts ?? {} },
    ...memory(inputs),
    ...(inputs.tmpfs && { Tmpfs: inputs.tmpfs }),
    ...(inputs.sysctls && { Sysctls: inputs.sysctls }),
    ...(inputs.dns && { Dns: inputs.dns }),
    ...(inputs.securityOpts && { SecurityOpt: inputs.securityOpts }),
    ...(inputs.capabilities && {
      CapAdd: capabilities(inputs.capabilities.adds),
      CapDrop: capabilities(inputs.capabilities.drops),
    }),
    ...(inputs.ulimits && {
      Ulimits: inputs.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    }),
    ...(inputs.volumes?.length && {
      Binds: inputs.volumes.map(
        ({ volumeName, containerPath, readOnly }) => `${volumeName}:${containerPath}:${readOnly ? "ro" : "rw"}`,
      ),
    }),
    ...(inputs.ports?.length && { PortBindings: portBindings(inputs.ports) }),
  };
}

/** As Docker's own clients send them: in capitals, with CAP_, each once. The Engine keeps whatever spelling it gets. */
function capabilities(names: readonly string[] = []): string[] {
  const spelt = names
    .map((name) => name.trim().toUpperCase())
    .map((name) => (name === "ALL" ? name : `CAP_${name.replace(/^CAP_/, "")}`));
  return spelt.includes("ALL") ? ["ALL"] : [...new Set(spelt)].sort();
}

/** The limits that the Engine can change in a running container as well. */
export function memory(
  inputs: ContainerInputs,
): Pick<Docker.HostConfig, "Memory" | "MemoryReservation" | "MemorySwap"> {
  const swap = inputs.memorySwap ?? 0;
  return {
    Memory: (inputs.memory ?? 0) * MIB,
    MemoryReservation: inputs.memoryReservation * MIB,
    ...(swap !== 0 && { MemorySwap: swap > 0 ? swap * MIB : swap }),
  };
}

/** When the Engine starts the container again by itself. */
export function restartPolicy(inputs: ContainerInputs): Docker.HostRestartPolicy {
  return { Name: inputs.restart, MaximumRetryCount: inputs.maxRetryCount ?? 0 };
}

type Port = NonNullable<ContainerInputs["ports"]>[number];

function portKey({ internal, protocol }: Port): string {
  return `${internal}/${protocol}`;
}

function portBindings(ports: readonly Port[]): Docker.PortMap {
  const bindings: Docker.PortMap = {};
  for (const port of ports) {
    (bindings[portKey(port)] ??= []).push({ HostPort: String(port.external ?? 0), HostIp: port.ip });
  }
  return bindings;
}
