import type Docker from "dockerode";
import { defined, type Properties, type Value } from "../shared/values";
import { formatDuration } from "./duration";

const MIB = 1024 * 1024;

/**
 * The outputs of a container, from `docker inspect`. What the official plugin does not read back (envs, labels, uploads, volumes,
 * networksAdvanced, and how it goes about things: wait, attach, …) stays as it was. A container that has stopped though it must run
 * is reported as `mustRun: false`, so that the next `up` starts it.
 */
export function containerState(inspected: Docker.ContainerInspectInfo, olds: Properties): Properties {
  const { State: state, NetworkSettings: network } = inspected;
  const stoppedAgainstOrders = !state.Running && olds["mustRun"] === true;
  const seesPorts = isFilled(olds["ports"]) && (state.Running || olds["mustRun"] === true);
  return {
    ...olds,
    ...defined({
      ...configuration(inspected, olds),
      ...hostConfiguration(inspected, olds),
      bridge: (network as { Bridge?: string }).Bridge,
      networkDatas: networkDatas(network.Networks),
      ports: seesPorts ? ports(network.Ports) : undefined,
      exitCode: state.Running ? undefined : state.ExitCode,
      mustRun: stoppedAgainstOrders ? false : undefined,
    }),
  };
}

function configuration(inspected: Docker.ContainerInspectInfo, olds: Properties): Record<string, Value | undefined> {
  const { Config: config } = inspected;
  const image = olds["image"];
  const byId = typeof image === "string" && image.startsWith("sha256:");
  const more = config as typeof config & { StopSignal?: string; StopTimeout?: number };
  const health = config.Healthcheck;
  return {
    name: inspected.Name.replace(/^\//, ""),
    image: byId ? inspected.Image : config.Image,
    hostname: config.Hostname,
    command: config.Cmd ?? undefined,
    entrypoints: listed(config.Entrypoint),
    user: config.User,
    workingDir: config.WorkingDir,
    stopSignal: more.StopSignal,
    stopTimeout: more.StopTimeout,
    platform: inspected.Platform,
    healthcheck: health && {
      tests: health.Test ?? [],
      interval: formatDuration(health.Interval ?? 0),
      timeout: formatDuration(health.Timeout ?? 0),
      startPeriod: formatDuration(health.StartPeriod ?? 0),
      startInterval: "0s",
      retries: health.Retries ?? 0,
    },
  };
}

function hostConfiguration(
  inspected: Docker.ContainerInspectInfo,
  olds: Properties,
): Record<string, Value | undefined> {
  const { HostConfig: host } = inspected;
  const { adds, drops } = { adds: host.CapAdd as string[] | null, drops: host.CapDrop as string[] | null };
  const swap = host.MemorySwap ?? 0;
  return {
    rm: host.AutoRemove ?? false,
    readOnly: host.ReadonlyRootfs ?? false,
    restart: host.RestartPolicy?.Name,
    maxRetryCount: host.RestartPolicy?.MaximumRetryCount,
    networkMode: host.NetworkMode,
    init: host.Init ?? false,
    runtime: host.Runtime,
    ipcMode: host.IpcMode,
    shmSize: Math.floor((host.ShmSize ?? 0) / MIB),
    memory: Math.floor((host.Memory ?? 0) / MIB),
    memoryReservation: Math.floor((host.MemoryReservation ?? 0) / MIB),
    memorySwap: swap > 0 ? Math.floor(swap / MIB) : swap,
    logDriver: host.LogConfig?.Type,
    logOpts: isFilled(olds["logOpts"]) ? stringMap(host.LogConfig?.Config as Record<string, string> | null) : undefined,
    dns: host.Dns ?? [],
    securityOpts: (host.SecurityOpt as string[] | null) ?? [],
    tmpfs: stringMap(host.Tmpfs) ?? (isFilled(olds["tmpfs"]) ? {} : undefined),
    sysctls: stringMap(host.Sysctls),
    capabilities: adds?.length || drops?.length ? { adds: adds ?? [], drops: drops ?? [] } : undefined,
    ulimits: isFilled(olds["ulimits"]) ? ulimits(host.Ulimits) : undefined,
  };
}

function ports(map: Docker.ContainerInspectInfo["NetworkSettings"]["Ports"]): Properties[] {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => parseInt(a) - parseInt(b))
    .flatMap(([key, bindings]) => {
      const [internal = "", protocol = "tcp"] = key.split("/");
      return ((bindings as { HostIp: string; HostPort: string }[] | null) ?? []).map(({ HostIp, HostPort }) => ({
        internal: Number(internal),
        external: Number(HostPort),
        ip: HostIp,
        protocol,
      }));
    });
}

function networkDatas(networks: Docker.ContainerInspectInfo["NetworkSettings"]["Networks"]): Properties[] {
  return Object.entries(networks ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([networkName, data]) => ({
      networkName,
      ipAddress: data.IPAddress,
      ipPrefixLength: data.IPPrefixLen,
      gateway: data.Gateway,
      globalIpv6Address: data.GlobalIPv6Address,
      globalIpv6PrefixLength: data.GlobalIPv6PrefixLen,
      ipv6Gateway: data.IPv6Gateway,
      macAddress: data.MacAddress,
    }));
}

function ulimits(list: Docker.HostConfig["Ulimits"]): Properties[] {
  return ((list as { Name?: string; Soft?: number; Hard?: number }[] | null) ?? []).map((limit) => ({
    name: limit.Name ?? "",
    soft: limit.Soft ?? 0,
    hard: limit.Hard ?? 0,
  }));
}

function listed(value: string | string[] | null | undefined): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  return Array.isArray(value) ? value : [value];
}

function stringMap(map: Record<string, string> | null | undefined): Properties | undefined {
  return map && Object.keys(map).length > 0 ? map : undefined;
}

function isFilled(value: Value | undefined): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}
