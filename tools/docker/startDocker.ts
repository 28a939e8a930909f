import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../console/run";
import { dockerAnswers } from "./dockerHost";
import { localPath, UserError } from "../console/project";
import { during, say } from "../console/say";

const answerDeadlineMilliseconds = 60_000;

/** Where a Docker daemon that we start keeps its things. Defaults: dockerd's own. */
export interface DaemonFiles {
  host: string;
  pidFile: string;
  execRoot: string;
  /** Where its output goes. */
  log: string;
  /** Further command line of dockerd. */
  extra: string[];
}

/**
 * Starts a Docker Engine that answers at `host`: on Debian and Ubuntu, as root, Docker is installed first if it is
 * missing. Under systemd it is started as the service that it is, elsewhere as a process of its own.
 *
 * @throws UserError with one line that says what the user can do, where we cannot
 */
export async function startDocker(host: string): Promise<void> {
  const obstacle = await whyNotHere();
  if (obstacle !== undefined) throw new UserError(`No Docker Engine answers at ${host}, and ${obstacle}`);
  if (!(await hasCommand("dockerd"))) {
    await installDocker();
    if (await answersWithin(host, 3_000)) return;
  }
  if (await exists("/run/systemd/system")) {
    await during("starting the docker service", () => run("systemctl", ["start", "docker"], { reject: false }));
    if (await answersWithin(host, 10_000)) return;
    throw new UserError(
      "`systemctl start docker` did not bring up a Docker Engine that answers: see `journalctl -u docker`.",
    );
  }
  await startDaemon({
    host,
    pidFile: "/var/run/docker.pid",
    execRoot: "/var/run/docker",
    log: localPath("dockerd.log"),
    extra: [],
  });
}

/** Reason why Docker can't be installed and started here, with what to do, or undefined. */
async function whyNotHere(): Promise<string | undefined> {
  if (process.platform !== "linux")
    return "it can be installed and started for you on Debian and Ubuntu only: start Docker yourself.";
  if (process.getuid?.() !== 0)
    return "starting one needs root: start Docker yourself (`sudo systemctl start docker`).";
  if (!(await hasCommand("dockerd")) && !(await hasCommand("apt-get"))) {
    return "it can be installed for you on Debian and Ubuntu only: install Docker Engine and start it.";
  }
  return undefined;
}

async function installDocker(): Promise<void> {
  const apt = (args: string[]) =>
    run("apt-get", args, { reject: false, stdin: "ignore", env: { DEBIAN_FRONTEND: "noninteractive" } });
  const packages = ["docker.io", "iptables"];
  await during("installing Docker (apt-get install docker.io iptables)", async () => {
    const install = () => apt(["install", "-y", "-q", ...packages]);
    let result = await install();
    if (result.exitCode !== 0) {
      // No package lists yet, or lists older than the mirror.
      await apt(["update", "-q"]);
      result = await install();
    }
    if (result.exitCode !== 0) {
      throw new UserError(
        `Docker could not be installed:\n${tail(result.all, 10)}\nInstall Docker Engine and start it yourself.`,
      );
    }
  });
}

/**
 * Starts dockerd detached from this process and waits until it answers.
 *
 * @throws UserError with the end of its log if it ends or does not answer within 60 seconds
 */
export async function startDaemon(files: DaemonFiles): Promise<void> {
  await removeStalePid(files.pidFile, "dockerd");
  // Else dockerd takes a dead or zombie containerd for a running one: "timeout waiting for containerd to start".
  await removeStalePid(path.join(files.execRoot, "containerd", "containerd.pid"), "containerd");
  await mountCgroups();
  let ended = false;
  if (!(await exists(files.pidFile))) {
    say("starting the Docker daemon");
    await fs.mkdir(path.dirname(files.log), { recursive: true });
    const log = await fs.open(files.log, "a");
    const daemon = spawn(
      "dockerd",
      ["--host", files.host, "--pidfile", files.pidFile, "--exec-root", files.execRoot, ...files.extra],
      {
        detached: true,
        stdio: ["ignore", log.fd, log.fd],
        cwd: "/",
      },
    );
    daemon.once("exit", () => (ended = true));
    daemon.once("error", () => (ended = true));
    daemon.unref();
    await log.close();
  }
  const answered = await during("waiting for the Docker daemon to answer", () =>
    answersWithin(files.host, answerDeadlineMilliseconds, () => ended),
  );
  if (answered) return;
  const log = await fs.readFile(files.log, "utf8").catch(() => "");
  throw new UserError(
    `The Docker daemon ${ended ? "ended" : "does not answer"}. The end of ${files.log}:\n${tail(log, 15)}`,
  );
}

/** Mounts the cgroup file systems where no init system has done it: dockerd does not start without them. */
async function mountCgroups(): Promise<void> {
  const mounts = await fs.readFile("/proc/mounts", "utf8").catch(() => "");
  if (/ cgroup2? /.test(mounts)) return;
  // From the package cgroupfs-mount, which Debian's docker.io recommends.
  if (await hasCommand("cgroupfs-mount")) await run("cgroupfs-mount", [], { reject: false });
}

/**
 * Removes a pid file that names no living process called `command`: a killed daemon leaves it, and pids are used again.
 */
export async function removeStalePid(pidFile: string, command: string): Promise<void> {
  const text = await fs.readFile(pidFile, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const status = await fs.readFile(`/proc/${text.trim()}/status`, "utf8").catch(() => "");
  if (!isAlive(status, command)) await fs.rm(pidFile, { force: true });
}

/** Whether the text of a `/proc/<pid>/status` is that of a process called `command` that is no zombie. */
export function isAlive(status: string, command: string): boolean {
  return new RegExp(`^Name:\\s*${command}$`, "m").test(status) && !/^State:\s*[ZX]/m.test(status);
}

async function answersWithin(
  host: string,
  milliseconds: number,
  givenUp: () => boolean = () => false,
): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  do {
    if (await dockerAnswers(host)) return true;
    await sleep(200);
  } while (Date.now() < deadline && !givenUp());
  return false;
}

async function hasCommand(name: string): Promise<boolean> {
  return (await run("sh", ["-c", `command -v ${name}`], { reject: false })).exitCode === 0;
}

function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

function tail(text: string | undefined, lines: number): string {
  return (text ?? "").trimEnd().split("\n").slice(-lines).join("\n");
}
