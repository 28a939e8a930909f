import * as fs from "node:fs/promises";
import { hostname, uptime } from "node:os";
import * as path from "node:path";
import type Docker from "dockerode";
import { dockerClient } from "../docker/dockerHost";
import { ifThere } from "../console/ifThere";
import { isAlive } from "../console/isAlive";
import { localPath, UserError } from "../console/project";
import { unlessRefused } from "../console/unlessRefused";
import type { Deployment, Pulumi } from "./pulumi";
import { say } from "../console/say";
import { projectName, readState } from "./stack";

/** What a lock in a file:// backend says of the process that holds it. */
export interface Lock {
  pid: number;
  hostname: string;
  /** When it was taken. */
  timestamp: string;
}

/** A resource that was being created when Pulumi was killed. */
export interface PendingCreate {
  type: string;
  /** Docker's name for it. */
  name: string;
}

/**
 * Repairs what a killed run left in the project-local backend: gives up the lock of a dead process, removes the
 * container or network that was created but never recorded, and clears the pending operations. Does nothing for any
 * other backend or while the lock's process lives; then Pulumi itself refuses and `diagnose` says what to do.
 */
export async function repairInterrupted(pulumi: Pulumi): Promise<void> {
  if (!pulumi.isLocal) return;
  const { stack } = pulumi;
  const locks = await readLocks(localPath("state", ".pulumi", "locks", "organization", await projectName(), stack));
  for (const lock of locks) if (!(await isDead(lock))) return;
  if (locks.length > 0) {
    say("an earlier run was killed: giving up its lock");
    await pulumi.text(["cancel", "--yes"]);
  }
  const pending = pendingCreates(await readState(pulumi));
  if (pending === undefined) return;
  const docker = dockerClient(pulumi.environment.dockerHost, 30_000);
  for (const create of pending) await removeUnrecorded(docker, stack, create);
  say("an earlier run was killed in the middle of its work: reading the true state");
  const { exitCode } = await pulumi.stream(["refresh", "--yes", "--clear-pending-creates"]);
  if (exitCode !== 0) throw new UserError("The state left by a killed run could not be repaired: see above.");
}

/** The locks in a folder of a file:// backend. Throws a UserError if one cannot be read. */
export async function readLocks(directory: string): Promise<Lock[]> {
  const files = (await ifThere(fs.readdir(directory))) ?? [];
  const locks = files.filter((file) => file.endsWith(".json")).map((file) => readLock(path.join(directory, file)));
  return (await Promise.all(locks)).filter((lock) => lock !== undefined);
}

/** A lock; undefined if its process has given it up. */
async function readLock(file: string): Promise<Lock | undefined> {
  const text = await ifThere(fs.readFile(file, "utf8"));
  if (text === undefined) return undefined;
  const lock = unlessRefused(SyntaxError, () => JSON.parse(text) as Lock);
  if (lock) return lock;
  throw new UserError(
    `The lock file ${file} is damaged. If no \`pulumi\` works on this stack, remove the file and run this again.`,
  );
}

/** Whether the process that holds a lock is surely gone: it ran on this host and does not any more. */
export async function isDead(lock: Lock, host: string = hostname()): Promise<boolean> {
  if (lock.hostname !== host) return false;
  // Since the host's start the pid may be another process's. Its name decides, as the clock may have been set.
  const isFromBefore = Date.parse(lock.timestamp) < Date.now() - uptime() * 1000;
  return !(await isAlive(lock.pid, isFromBefore ? "pulumi" : undefined));
}

/**
 * The creations that a state lists as pending, with the names that the program gave them; undefined if there is no
 * pending operation of any kind.
 */
export function pendingCreates({ pending_operations: operations = [] }: Deployment): PendingCreate[] | undefined {
  if (operations.length === 0) return undefined;
  return operations.flatMap(({ type, resource }) => {
    const name = resource.inputs?.["name"];
    return type === "creating" && typeof name === "string" ? [{ type: resource.type, name }] : [];
  });
}

/**
 * Removes the container or network of a creation that was never recorded, if it exists and has the stack's label.
 * Anything else of that name is somebody else's and stays.
 */
export async function removeUnrecorded(docker: Docker, stack: string, { type, name }: PendingCreate): Promise<void> {
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
