/**
 * The process: configuration from CONFIG_FILE, signals, exit codes. A development stand-in, and its first line says so.
 */
import { readFileSync } from "node:fs";
import { ConfigurationError, loadConnectorConfig } from "./config";
import type { ConnectorConfig } from "./configTypes";
import { createConnectorNode } from "./connectorNode";
import { createLogger, messageOf } from "./logger";

const env = process.env;

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new ConfigurationError(`Configuration file not found: ${path}`);
    }
    throw new ConfigurationError(`Failed to read configuration file: ${messageOf(error)}`);
  }
}

/**
 * The configuration, or the end of the process: its fault is said raw, on both outputs, as the published connector
 * does.
 */
function loadOrExit(): ConnectorConfig {
  const logger = createLogger("connector-startup", env.LOG_LEVEL);
  const filePath = env.CONFIG_FILE || "./config.yaml";
  logger.warn(
    { event: "development_stand_in" },
    "Development stand-in for the TOON connector 3.10.4: no settlement, no managed daemon, not for money",
  );
  try {
    return loadConnectorConfig(readConfigFile(filePath), env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    logger.error({ event: "configuration_error", filePath, error: error.message }, "Configuration error");
    console.error(`Configuration error: ${error.message}`);
    process.exit(1);
  }
}

async function main(): Promise<void> {
  const config = loadOrExit();
  const logger = createLogger(config.nodeId, env.LOG_LEVEL);
  const node = createConnectorNode({ config, env, logger });

  // Also for a crash, and also then with exit 0: only what stands in front of this process can tell the two apart.
  const shutdown = async (signal: string): Promise<void> => {
    logger.info({ event: "connector_shutdown_initiated", signal }, "Shutdown signal received");
    await node.stop();
    logger.info({ event: "connector_shutdown" }, "Connector stopped");
    process.exit(0);
  };
  process.on("SIGTERM", () => void shutdown("SIGTERM"));
  process.on("SIGINT", () => void shutdown("SIGINT"));
  process.on("uncaughtException", (error) => {
    logger.error({ event: "uncaught_exception", error: error.message, stack: error.stack }, "Uncaught exception");
    void shutdown("uncaughtException");
  });
  process.on("unhandledRejection", (reason) => {
    logger.error({ event: "unhandled_rejection", reason: messageOf(reason) }, "Unhandled promise rejection");
    void shutdown("unhandledRejection");
  });

  try {
    await node.start();
    logger.info({ event: "connector_started" }, "Connector started successfully");
  } catch {
    // The node has logged why.
    process.exit(1);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigurationError ? `Configuration error: ${error.message}` : error);
  process.exit(1);
});
