import type { Field, ResourceType, Schema } from "../shared/schema";
import type { Value } from "../shared/values";
import { parseDuration } from "./duration";
import { labels } from "./labels";

const replaced = (kind: Field["kind"], more: Partial<Field> = {}): Field => ({ kind, change: "replace", ...more });
const updated = (kind: Field["kind"], more: Partial<Field> = {}): Field => ({ kind, change: "update", ...more });

const matching =
  (pattern: RegExp, description: string) =>
  (value: Value): string | undefined =>
    typeof value === "string" && pattern.test(value) ? undefined : description;
const atLeast =
  (minimum: number) =>
  (value: Value): string | undefined =>
    Number(value) < minimum ? `must be at least ${minimum}` : undefined;
const duration: Field = updated("string", {
  default: "0s",
  problem: (value) =>
    typeof value !== "string" || parseDuration(value) === undefined ? "must be a duration such as 1m30s" : undefined,
});

const computed = { computed: true } as const;
const required = { required: true } as const;
const unsupported = { unsupported: true } as const;

const healthcheck: Schema = {
  tests: updated("strings"),
  interval: duration,
  timeout: duration,
  startPeriod: duration,
  startInterval: { ...duration, ...unsupported },
  retries: updated("integer", { default: 0, problem: atLeast(0) }),
};

const upload: Schema = {
  file: replaced("string", required),
  content: replaced("string"),
  contentBase64: replaced("string", {
    problem: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, "must be base64"),
  }),
  executable: replaced("boolean", { default: false }),
  permissions: replaced("string", { problem: matching(/^0[0-7]{3}$/, "must be an octal mode such as 0400") }),
};

/** The properties of a container. What a change of each does is measured on the official plugin, and so are the silent ones. */
const inputs: Schema = {
  name: replaced("string", required),
  image: replaced("string", required),

  entrypoints: replaced("strings", computed),
  command: replaced("strings", computed),
  envs: replaced("stringSet", computed),
  user: replaced("string", { emptyIsNoChange: true }),
  workingDir: replaced("string", { emptyIsNoChange: true }),
  hostname: replaced("string", computed),
  labels: replaced("objectSet", { ...computed, fields: labels }),
  stopSignal: replaced("string", computed),
  stopTimeout: replaced("integer", computed),

  readOnly: replaced("boolean", { default: false }),
  securityOpts: replaced("stringSet", computed),
  capabilities: replaced("object", { fields: { adds: replaced("stringSet"), drops: replaced("stringSet") } }),
  sysctls: replaced("map"),
  ulimits: replaced("objectSet", {
    fields: {
      name: replaced("string", required),
      soft: replaced("integer", required),
      hard: replaced("integer", required),
    },
  }),
  logDriver: replaced("string", computed),
  logOpts: replaced("map"),

  networkMode: replaced("string", { default: "bridge" }),
  networksAdvanced: replaced("objectSet", {
    fields: { name: replaced("string", required), ipv4Address: replaced("string"), aliases: replaced("stringSet") },
  }),
  dns: replaced("stringSet"),
  ports: replaced("objectSet", {
    fields: {
      internal: replaced("integer", required),
      external: replaced("integer", computed),
      ip: replaced("string", { default: "0.0.0.0" }),
      protocol: replaced("string", { default: "tcp" }),
    },
  }),
  volumes: replaced("objectSet", {
    fields: {
      volumeName: replaced("string", required),
      containerPath: replaced("string", required),
      readOnly: replaced("boolean"),
    },
  }),
  uploads: replaced("objectSet", { fields: upload }),

  // Changed in the running container.
  memory: updated("integer", { problem: atLeast(0) }),
  memoryReservation: updated("integer", { default: 0, problem: atLeast(0) }),
  memorySwap: updated("integer", { problem: atLeast(-1) }),
  restart: updated("string", {
    default: "no",
    problem: matching(/^(no|on-failure|always|unless-stopped)$/, "must be no, on-failure, always or unless-stopped"),
  }),
  maxRetryCount: updated("integer"),
  mustRun: updated("boolean", { default: true }),

  // A change of these reaches the state and nothing else, unless the program asks for a replacement (replaceOnChanges).
  healthcheck: updated("object", { ...computed, fields: healthcheck }),
  init: updated("boolean", computed),
  tmpfs: updated("map"),

  // How the plugin goes about it: no part of the container.
  attach: updated("boolean", { default: false }),
  destroyGraceSeconds: updated("integer"),
  logs: updated("boolean", { default: false }),
  removeVolumes: updated("boolean", { default: true }),
  rm: updated("boolean", { default: false }),
  start: updated("boolean", { default: true }),
  wait: updated("boolean", { default: false }),
  waitTimeout: updated("integer", { default: 60 }),

  containerReadRefreshTimeoutMilliseconds: updated("integer", { ...unsupported, default: 15_000 }),
  stdinOpen: replaced("boolean", { ...unsupported, default: false }),
  tty: replaced("boolean", { ...unsupported, default: false }),
};

/** docker:index/container:Container */
export const containerType: ResourceType = {
  token: "docker:index/container:Container",
  inputs,
  listReadBack: "networkDatas",
  outputs: ["bridge", "containerLogs", "exitCode", "networkDatas"],
  defaultsInInputs: true,
  autoNamed: true,
  deleteBeforeReplace: "always",
};

/** Checked inputs, as the rest of the plugin reads them. */
export interface ContainerInputs {
  readonly name: string;
  readonly image: string;
  readonly entrypoints?: string[];
  readonly command?: string[];
  readonly envs?: string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly hostname?: string;
  readonly labels?: { label: string; value: string }[];
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  readonly readOnly: boolean;
  readonly securityOpts?: string[];
  readonly capabilities?: { adds?: string[]; drops?: string[] };
  readonly sysctls?: Record<string, string>;
  readonly ulimits?: { name: string; soft: number; hard: number }[];
  readonly logDriver?: string;
  readonly logOpts?: Record<string, string>;
  readonly networkMode: string;
  readonly networksAdvanced?: { name: string; ipv4Address?: string; aliases?: string[] }[];
  readonly dns?: string[];
  readonly ports?: { internal: number; external?: number; ip: string; protocol: string }[];
  readonly volumes?: { volumeName: string; containerPath: string; readOnly?: boolean }[];
  readonly uploads?: Upload[];
  /** MiB, as the other two. */
  readonly memory?: number;
  readonly memoryReservation: number;
  readonly memorySwap?: number;
  readonly restart: string;
  readonly maxRetryCount?: number;
  readonly mustRun: boolean;
  readonly healthcheck?: {
    tests?: string[];
    interval: string;
    timeout: string;
    startPeriod: string;
    retries: number;
  };
  readonly init?: boolean;
  readonly tmpfs?: Record<string, string>;
  readonly attach: boolean;
  readonly destroyGraceSeconds?: number;
  readonly logs: boolean;
  readonly removeVolumes: boolean;
  readonly rm: boolean;
  readonly start: boolean;
  readonly wait: boolean;
  /** Seconds. */
  readonly waitTimeout: number;
}

export interface Upload {
  readonly file: string;
  readonly content?: string;
  readonly contentBase64?: string;
  readonly executable: boolean;
  readonly permissions?: string;
}
