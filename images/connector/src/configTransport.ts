import * as path from "node:path";
import { ConfigurationError, typeName } from "./configurationError";

/** Settings of a daemon that the connector runs itself. Unknown keys are dropped. */
export interface ManagedOptions {
  hiddenServiceDir?: string;
  hiddenServicePort?: number;
  startupTimeoutMs?: number;
  stopTimeoutMs?: number;
  binaryPath?: string;
  configFilePath?: string;
}

export interface Socks5Transport {
  type: "socks5";
  /** `socks5h://host:port`; with the h, the proxy resolves names. */
  socksProxy: string;
  /** `ws://…`, `wss://…` or `auto`. */
  externalUrl: string;
  managed: boolean;
  managedOptions?: ManagedOptions;
}

export type TransportConfig = { type: "direct" } | Socks5Transport;

/** An external URL with a loopback host. Never reachable from outside, so refused in production. */
const LOOPBACK_URL = /^wss?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[(?:0{1,4}:){7}0{0,3}1\])(?::\d+)?(?:\/|$)/i;

/**
 * Checks and normalises the transport section. `direct` drops every other key; `socks5` needs a proxy and an external
 * URL. Throws ConfigurationError with the published connector's messages.
 */
export function parseTransport(raw: unknown, environment: string): TransportConfig {
  if (raw === undefined) return { type: "direct" };
  if (typeName(raw) !== "object") {
    throw new ConfigurationError(`Invalid type for transport: expected object, got ${typeName(raw)}`);
  }
  const section = raw as Record<string, unknown>;
  const type = section.type === undefined ? "direct" : section.type;
  if (type === "direct") return { type };
  if (type !== "socks5") {
    const shown = typeof type === "string" ? `"${type}"` : `<${typeof type}>`;
    throw new ConfigurationError(`Invalid transport.type: must be one of direct, socks5, got ${shown}`);
  }
  return parseSocks5(section, environment);
}

function parseSocks5(section: Record<string, unknown>, environment: string): Socks5Transport {
  const socksProxy = requiredText(section, "socksProxy");
  if (!socksProxy.startsWith("socks5h://")) {
    throw new ConfigurationError(
      `transport.socksProxy must use the "socks5h://" scheme to prevent DNS leaks (socks5h:// forces DNS resolution ` +
        `through the proxy; socks5:// resolves DNS locally and would expose .anon destinations). Got: "${withoutSecrets(socksProxy)}"`,
    );
  }
  const externalUrl = requiredText(section, "externalUrl");
  const auto = externalUrl === "auto";
  if (!auto && !/^wss?:\/\//.test(externalUrl)) {
    throw new ConfigurationError(
      `Invalid transport.externalUrl: must start with ws:// or wss:// (or be the literal "auto" for managed hidden services). ` +
        `Got: "${withoutSecrets(externalUrl)}"`,
    );
  }
  if (environment === "production" && LOOPBACK_URL.test(externalUrl)) {
    throw new ConfigurationError(
      `Invalid transport.externalUrl for production environment: loopback host (localhost / 127.0.0.1 / ::1) is never ` +
        `externally reachable. Set transport.externalUrl to this node's real public ws://|wss:// URL ` +
        `(or "auto" with managed hidden service). Got: "${externalUrl}"`,
    );
  }
  const managed = section.managed === undefined ? false : section.managed;
  if (typeof managed !== "boolean") {
    throw new ConfigurationError(`Invalid type for transport.managed: expected boolean, got ${typeof managed}`);
  }
  const managedOptions = parseManagedOptions(section.managedOptions, managed);
  if (auto && !managed) {
    throw new ConfigurationError('Invalid transport.externalUrl: "auto" requires transport.managed to be true');
  }
  if (auto && managedOptions?.hiddenServiceDir === undefined) {
    throw new ConfigurationError(
      'Invalid transport.externalUrl: "auto" requires transport.managedOptions.hiddenServiceDir to be set',
    );
  }
  return { type: "socks5", socksProxy, externalUrl, managed, ...(managedOptions && { managedOptions }) };
}

function requiredText(section: Record<string, unknown>, key: "socksProxy" | "externalUrl"): string {
  const value = section[key];
  const missing = `Missing required field: transport.${key} is required when transport.type is "socks5"`;
  if (value === undefined) throw new ConfigurationError(missing);
  if (typeof value !== "string") {
    throw new ConfigurationError(`Invalid type for transport.${key}: expected string, got ${typeof value}`);
  }
  const text = value.trim();
  if (text === "") throw new ConfigurationError(`${missing} (got empty string)`);
  return text;
}

function parseManagedOptions(raw: unknown, managed: boolean): ManagedOptions | undefined {
  if (raw === undefined) return undefined;
  if (typeName(raw) !== "object") {
    throw new ConfigurationError(`Invalid type for transport.managedOptions: expected object, got ${typeName(raw)}`);
  }
  const section = raw as Record<string, unknown>;
  if (Object.keys(section).length === 0) return undefined;
  if (!managed) {
    throw new ConfigurationError(
      "Invalid config: transport.managedOptions is only permitted when transport.managed is true",
    );
  }
  const options: ManagedOptions = {};
  for (const key of ["hiddenServiceDir", "binaryPath", "configFilePath"] as const) {
    if (key in section) options[key] = safePath(section[key], key);
  }
  for (const key of ["hiddenServicePort", "startupTimeoutMs", "stopTimeoutMs"] as const) {
    if (key in section) options[key] = positiveInteger(section[key], key);
  }
  return options;
}

function safePath(value: unknown, key: string): string {
  const name = `transport.managedOptions.${key}`;
  if (typeof value !== "string" || value.trim() === "") {
    throw new ConfigurationError(`Invalid type for ${name}: expected non-empty string, got ${typeof value}`);
  }
  // Check the raw form too: normalising an absolute path removes the `..` it contained.
  if (value.split(/[\\/]/).includes("..") || path.normalize(value).split(path.sep).includes("..")) {
    throw new ConfigurationError(`Invalid ${name}: ".." path-traversal segments are not permitted`);
  }
  return value;
}

function positiveInteger(value: unknown, key: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value <= 0) {
    const shown = typeof value === "number" ? String(value) : typeof value;
    throw new ConfigurationError(
      `Invalid type for transport.managedOptions.${key}: expected positive integer, got ${shown}`,
    );
  }
  return value;
}

/** A URL for a message: never with user or password, nor with a host if it contains `.anon` (`.anyone` is shown). */
function withoutSecrets(url: string): string {
  const shown = url.replace(/(\/\/)[^/@\s]+@/, "$1<redacted>@");
  if (!shown.includes(".anon")) return shown;
  return shown.includes("//") ? `${shown.slice(0, shown.indexOf("//") + 2)}<redacted>` : "<redacted>";
}
