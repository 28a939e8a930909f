import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import { aptInstall } from "../console/aptInstall";
import { isAlive } from "../console/isAlive";
import { run } from "../console/run";
import { dockerAnswers, type DockerHost } from "./dockerHost";
import { ifThere } from "../console/ifThere";
import { localPath, UserError } from "../console/project";
import { during, say } from "../console/say";
import { until } from "../console/until";

const answerDeadlineMilliseconds = 60_000;
/** Where dockerd and its containerd keep their pids. */
const PID_FILES = { dockerd: "/var/run/docker.pid", containerd: "/var/run/docker/containerd/containerd.pid" };

/**
 * Starts a Docker Engine that answers at `host`: on Debian and Ubuntu, as root, Docker is installed first if it is
 * missing. Under systemd it is started as the service that it is, elsewhere as a process of its own.
 *
 * @throws UserError with one line that says what the user can do, where we cannot
 */
export async function startDocker(host: DockerHost): Promise<void> {
  const obstacle = await whyNotHere();
  if (obstacle !== undefined) throw new UserError(`No Docker Engine answers at ${host.url}, and ${obstacle}`);
  if (!(await hasCommand("dockerd"))) {
    await installDocker();
    if (await answersWithin(host, 3_000)) return;
  }
  if (await ifThere(fs.stat("/run/systemd/system"))) {
    await during("starting the docker service", () => run("systemctl", ["start", "docker"], { reject: false }));
    if (await answersWithin(host, 10_000)) return;
    throw new UserError(
      "`systemctl start docker` did not bring up a Docker Engine that answers: see `journalctl -u docker`.",
    );
  }
  await startDaemon(host);
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
  const packages = ["docker.io", "iptables"];
  await during(`installing Docker (apt-get install ${packages.join(" ")})`, async () => {
    const result = await aptInstall(packages);
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
async function startDaemon(host: DockerHost): Promise<void> {
  await removeStalePid(PID_FILES.dockerd, "dockerd");
  // Else dockerd takes a dead or zombie containerd for a running one: "timeout waiting for containerd to start".
  await removeStalePid(PID_FILES.containerd, "containerd");
  await mountCgroups();
  const file = localPath("dockerd.log");
  let ended = false;
  if (!(await ifThere(fs.stat(PID_FILES.dockerd)))) {
    say("starting the Docker daemon");
    const log = await fs.open(file, "a");
    const stdio = ["ignore", log.fd, log.fd] as const;
    const daemon = spawn("dockerd", ["--host", host.url], { detached: true, stdio: [...stdio], cwd: "/" });
    daemon.once("exit", () => (ended = true)).once("error", () => (ended = true));
    daemon.unref();
    await log.close();
  }
  const wait = () => answersWithin(host, answerDeadlineMilliseconds, () => ended);
  if (await during("waiting for the Docker daemon to answer", wait)) return;
  const log = await fs.readFile(file, "utf8").catch(() => "");
  throw new UserError(
    `The Docker daemon ${ended ? "ended" : "does not answer"}. The end of ${file}:\n${tail(log, 15)}`,
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
  if (!(await isAlive(Number(text), command))) await fs.rm(pidFile, { force: true });
}

/** Whether an Engine answers in time, unless `givenUp` before that. */
async function answersWithin(host: DockerHost, withinMs: number, givenUp = () => false): Promise<boolean> {
  const look = async () => ({ answers: await dockerAnswers(host), over: givenUp() });
  return (await until(look, ({ answers, over }) => answers || over, { withinMs, everyMs: 200 })).answers;
}

async function hasCommand(name: string): Promise<boolean> {
  return (await run("sh", ["-c", `command -v ${name}`], { reject: false })).exitCode === 0;
}

function tail(text: string, lines: number): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
