import * as fs from "node:fs/promises";
import { hostname } from "node:os";
import * as path from "node:path";
import { run } from "../console/run";
import { dockerClient } from "../docker/dockerHost";
import type { Environment } from "./environment";
import { usesLocalBackend } from "./localBackend";
import { localPath, projectDirectory, UserError } from "../console/project";
import { runPulumi } from "./runPulumi";
import { say } from "../console/say";
import { localStackFile, projectName } from "./stack";

/** A lock in a file:// backend, as Pulumi writes it. */
export interface Lock {
  pid: number;
  hostname: string;
  username?: string;
  timestamp?: string;
}

/** A resource that was being created when Pulumi was killed. */
export interface PendingCreate {
  type: string;
  /** Docker's name for it. */
  name: string;
}

/**
 * Repairs what a killed run left in the project-local backend, in the way that works: gives up the lock of a dead
 * process, removes the container or network that was created but never recorded, and clears the pending operations.
 * Does nothing for any other backend or while the lock's process lives; then Pulumi itself refuses and `diagnose` says
 * what to do.
 */
export async function repairInterrupted(environment: Environment, stack: string, chosen: string[]): Promise<void> {
  if (!usesLocalBackend(environment.env)) return;
  const project = await projectName();
  const locks = await readLocks(localPath("state", ".pulumi", "locks", "organization", project, stack));
  if (locks.some((lock) => !isDead(lock))) return;
  if (locks.length > 0) {
    say("an earlier run was killed: giving up its lock");
    await run(environment.pulumi, ["cancel", "--yes", "--non-interactive", "--stack", stack], {
      cwd: projectDirectory,
      env: environment.env,
    });
  }
  const pending = pendingCreates(await fs.readFile(localStackFile(project, stack), "utf8").catch(() => "{}"));
  if (pending === undefined) return;
  for (const create of pending) await removeUnrecorded(environment.dockerHost, stack, create);
  say("an earlier run was killed in the middle of its work: reading the true state");
  const { exitCode } = await runPulumi(environment, ["refresh", "--yes", "--clear-pending-creates", ...chosen]);
  if (exitCode !== 0) throw new UserError("The state left by a killed run could not be repaired: see above.");
}

async function readLocks(directory: string): Promise<Lock[]> {
  const files = await fs.readdir(directory).catch(() => []);
  return Promise.all(
    files
      .filter((file) => file.endsWith(".json"))
      .map(async (file) => JSON.parse(await fs.readFile(path.join(directory, file), "utf8")) as Lock),
  );
}

/** Whether the process that holds a lock is surely gone: it ran on this host, and no process has its pid any more. */
export function isDead(
  lock: Lock,
  host: string = hostname(),
  signal: (pid: number) => void = (pid) => void process.kill(pid, 0),
): boolean {
  if (lock.hostname !== host) return false;
  try {
    signal(lock.pid);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/**
 * The creations that a stack's file in a file:// backend lists as pending, with the names that the program gave them;
 * undefined if there is no pending operation of any kind.
 */
export function pendingCreates(stackFile: string): PendingCreate[] | undefined {
  const operations = (JSON.parse(stackFile) as StackFile).checkpoint?.latest?.pending_operations ?? [];
  if (operations.length === 0) return undefined;
  return operations.flatMap(({ type, resource }) => {
    const name = resource?.inputs?.["name"];
    if (type !== "creating" || typeof name !== "string" || resource?.type === undefined) return [];
    return [{ type: resource.type, name }];
  });
}

interface StackFile {
  checkpoint?: {
    latest?: {
      pending_operations?: { type?: string; resource?: { type?: string; inputs?: Record<string, unknown> } }[];
    };
  };
}

async function removeUnrecorded(dockerHost: string, stack: string, { type, name }: PendingCreate): Promise<void> {
  const docker = dockerClient(dockerHost, 30_000);
  const ours = (labels: Record<string, string> | undefined) => labels?.["town-ator.stack"] === stack;
  try {
    if (type === "docker:index/container:Container") {
      const container = docker.getContainer(name);
      if (!ours((await container.inspect()).Config.Labels)) return;
      say(`removing the container ${name}, which was created but not recorded`);
      await container.remove({ force: true });
    } else if (type === "docker:index/network:Network") {
      const network = docker.getNetwork(name);
      if (!ours(((await network.inspect()) as { Labels?: Record<string, string> }).Labels)) return;
      say(`removing the network ${name}, which was created but not recorded`);
      await network.remove();
    }
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
}
