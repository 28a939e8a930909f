/** Rules that span sections: environment, production, deployment mode, the admin API's address list. */
import { ConfigurationError, show } from "./configurationError";
import type { ConnectorConfig, Environment } from "./configTypes";

const ENVIRONMENTS: readonly string[] = ["development", "staging", "production"];

/** ENVIRONMENT; `development` when unset or empty. Throws ConfigurationError for an unknown value. */
export function parseEnvironment(env: Record<string, string | undefined>): Environment {
  const value = env.ENVIRONMENT || "development";
  if (!ENVIRONMENTS.includes(value)) {
    throw new ConfigurationError(`Invalid ENVIRONMENT: must be one of ${ENVIRONMENTS.join(", ")}, got ${value}`);
  }
  return value as Environment;
}

/**
 * In production the admin API needs a key or an address list in the file. ADMIN_API_KEY in the environment does not
 * count; the list does, although nothing ever reads it. Throws ConfigurationError.
 */
export function checkProduction(config: ConnectorConfig): void {
  const { adminApi, environment } = config;
  if (environment !== "production" || !adminApi?.enabled) return;
  const listed = Array.isArray(adminApi.allowedIPs) && adminApi.allowedIPs.length > 0;
  if (adminApi.apiKey || listed) return;
  throw new ConfigurationError(
    "Admin API is enabled in production without authentication. " +
      "Set ADMIN_API_KEY or ADMIN_API_ALLOWED_IPS to secure the admin API.",
  );
}

/** Checks `deploymentMode` against local delivery. Unknown modes count as none. Throws ConfigurationError. */
export function checkDeploymentMode(config: ConnectorConfig): void {
  if (!config.localDelivery?.enabled) return;
  if (config.deploymentMode === "embedded") {
    throw new ConfigurationError(
      'deploymentMode is set to "embedded" but localDelivery.enabled is true. ' +
        "Embedded mode uses function handlers (setPacketHandler or setLocalDeliveryHandler) " +
        "for in-process packet delivery, not HTTP forwarding. " +
        'Either set deploymentMode to "standalone" or disable localDelivery.',
    );
  }
  if (config.deploymentMode === "standalone" && !config.localDelivery.handlerUrl) {
    throw new ConfigurationError(
      'deploymentMode is set to "standalone" with localDelivery.enabled=true but localDelivery.handlerUrl is missing. ' +
        "Standalone mode requires an app endpoint for HTTP packet forwarding. " +
        'Set localDelivery.handlerUrl to the app /handle-packet endpoint (e.g., "http://business-logic:8080").',
    );
  }
}

/** Checks the shape of `adminApi.allowedIPs`. Nothing else ever uses the list. Throws ConfigurationError. */
export function checkAllowedIps(list: unknown): void {
  if (!Array.isArray(list)) return;
  for (const entry of list as unknown[]) {
    if (typeof entry !== "string" || entry.trim() === "") {
      throw new ConfigurationError(
        `Invalid IP allowlist entry: "${show(entry)}". Each entry must be a non-empty string.`,
      );
    }
    checkAddress(entry.trim());
  }
}

function checkAddress(ip: string): void {
  if (ip.includes("/")) {
    const [, bits, ...rest] = ip.split("/");
    const prefix = Number.parseInt(bits ?? "", 10);
    // Only the prefix length is checked: `x/8` passes.
    if (rest.length > 0 || !bits) throw badCidr(ip, "CIDR must have exactly one slash");
    if (Number.isNaN(prefix) || prefix < 0 || prefix > 128) throw badCidr(ip, "CIDR prefix must be 0-128");
    return;
  }
  const v4 = /^(\d{1,3}\.){3}\d{1,3}$/.test(ip);
  if (!v4 && !/^([0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}$/.test(ip)) {
    throw new ConfigurationError(`Invalid IP address in allowedIPs: "${ip}". Must be valid IPv4 or IPv6 address.`);
  }
  if (v4 && ip.split(".").some((octet) => Number(octet) > 255)) {
    throw new ConfigurationError(`Invalid IPv4 address in allowedIPs: "${ip}". Each octet must be 0-255.`);
  }
}

function badCidr(ip: string, reason: string): ConfigurationError {
  return new ConfigurationError(`Invalid CIDR notation in allowedIPs: "${ip}". Error: ${reason}`);
}
