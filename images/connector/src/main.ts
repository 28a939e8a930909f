/**
 * The process: configuration from CONFIG_FILE, signals, exit codes. The first log line says that it is a stand-in.
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
 * Loads the configuration. On a fault, prints it unredacted to stdout and stderr, as the published connector does, and
 * exits 1.
 */
function loadOrExit(): ConnectorConfig {
  const logger = createLogger("connector-startup", env.LOG_LEVEL);
  const filePath = env.CONFIG_FILE || "./config.yaml";
  logger.warn(
    { event: "development_stand_in" },
    "Development stand-in for the TOON connector 3.10.4: no settlement, not for money",
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

  // A crash ends here too, also with exit 0. Only the launcher can tell the two apart.
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
    // The node has already logged the reason.
    process.exit(1);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigurationError ? `Configuration error: ${error.message}` : error);
  process.exit(1);
});
