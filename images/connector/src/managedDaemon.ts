/**
 * A daemon that the connector runs itself, through the same SDK as the published connector, which is an optional
 * dependency of that one. Of `managedOptions` it ignores `configFilePath`, and it starts the daemon once: one that
 * crashes stays down.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { Process } from "@anyone-protocol/anyone-client/out/process";
import type { Socks5Transport } from "./configTransport";
import { messageOf, type Logger } from "./logger";
import { probeTcp } from "./probeTcp";

const STARTUP_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const PROBE_MS = 250;

export interface ManagedDaemon {
  /** Resolves once the proxy accepts connections. Throws when the daemon cannot be started, or takes too long. */
  start(): Promise<void>;
  /** Never throws, and takes no longer than `stopTimeoutMs`. */
  stop(): Promise<void>;
  isRunning(): boolean;
}

export function managedDaemon(
  { managedOptions = {} }: Pick<Socks5Transport, "managedOptions">,
  { host, port }: { host: string; port: number },
  logger: Logger,
): ManagedDaemon {
  const { startupTimeoutMs = STARTUP_TIMEOUT_MS, stopTimeoutMs = STOP_TIMEOUT_MS, binaryPath } = managedOptions;
  const log = logger.child({ component: "managed-anon-client" });
  let sdk: Process | undefined;

  return {
    async start() {
      const daemon = new Process({
        displayLog: false,
        useExecFile: false,
        socksPort: port,
        orPort: 0,
        autoTermsAgreement: true,
        ...(binaryPath !== undefined && { binaryPath }),
        ...(await configFileOf(managedOptions, port)),
      });
      try {
        await daemon.start();
        await accepts(host, port, startupTimeoutMs);
      } catch (error) {
        await daemon.stop();
        throw new Error(`Failed to start managed anon SDK: ${messageOf(error)}`, { cause: error });
      }
      sdk = daemon;
      log.info({ event: "managed_anon_started", socksPort: port }, "Managed anon client started");
    },
    async stop() {
      const daemon = sdk;
      sdk = undefined;
      if (!daemon?.isRunning()) return;
      const ended = new Promise<string>((resolve) => daemon.once("stop", () => resolve("managed_anon_stopped")));
      await daemon.stop();
      const late = new Promise<string>((resolve) => {
        setTimeout(() => resolve("managed_anon_stop_timeout"), stopTimeoutMs).unref();
      });
      log.info({ event: await Promise.race([ended, late]) }, "Managed anon client stopped");
    },
    isRunning: () => sdk?.isRunning() === true,
  };
}

/** The anonrc in the HiddenServiceDir: the one that is there, or a new one on the first start. */
async function configFileOf(
  { hiddenServiceDir, hiddenServicePort }: NonNullable<Socks5Transport["managedOptions"]>,
  socksPort: number,
): Promise<{ configFile?: string }> {
  if (hiddenServiceDir === undefined) return {};
  await fs.mkdir(hiddenServiceDir, { recursive: true });
  const configFile = path.join(hiddenServiceDir, "anonrc");
  const lines = [
    "AgreeToTerms 1",
    `SocksPort ${socksPort}`,
    `HiddenServiceDir ${hiddenServiceDir}`,
    ...(hiddenServicePort === undefined
      ? []
      : [`HiddenServicePort ${hiddenServicePort} 127.0.0.1:${hiddenServicePort}`]),
  ];
  await fs.writeFile(configFile, `${lines.join("\n")}\n`, { flag: "wx" }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
  return { configFile };
}

async function accepts(host: string, port: number, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await probeTcp(host, port, PROBE_MS);
    } catch (error) {
      if (Date.now() >= deadline)
        throw new Error(`Managed anon SOCKS port ${port} did not bind within ${withinMs}ms timeout`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
    }
  }
}
