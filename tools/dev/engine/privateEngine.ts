import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { UserError } from "../../console/project";
import { until } from "../../console/until";
import { dockerAnswers, dockerClient, type DockerHost } from "../../docker/dockerHost";
import { removeStalePid } from "../../docker/startDocker";
import { whenDone } from "../../docker/whenDone";

/** Milliseconds that it may take to start, and to stop. */
const START_MS = 60_000;
const STOP_MS = 60_000;

/** Makes the folder of an Engine. Its name is not one that the leak scan looks below. */
export const engineFolder = () => fs.mkdtempSync(path.join(os.tmpdir(), "engine-of-town-ator-"));

/**
 * Before a Docker Engine in network and mount namespaces of its own. The system's containerd is hidden, because dockerd
 * would use it instead of one of its own.
 */
export const BEFORE_ENGINE =
  "ip link set lo up || exit; [ ! -d /run/containerd ] || mount -t tmpfs tmpfs /run/containerd; ";

/** A Docker Engine of our own that may be stopped and killed. It lives in a folder. */
export class PrivateEngine {
  #daemon: ChildProcess | undefined;

  /** @param alone whether it gets namespaces of its own, and not this process's, which no other Engine may be in */
  constructor(
    readonly folder: string,
    readonly alone = false,
  ) {}

  /** While it runs, the process whose namespaces it is in. */
  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  get host(): DockerHost {
    return { url: `unix://${path.join(this.folder, "docker.sock")}` };
  }

  /** Starts it for the first time, with the images that are in the folder as tar files. */
  async begin(): Promise<void> {
    await this.start();
    const docker = dockerClient(this.host);
    for (const image of fs.readdirSync(this.folder).filter((name) => name.endsWith(".tar")))
      await whenDone(await docker.loadImage(path.join(this.folder, image)));
  }

  /** Starts it and waits until it answers. Throws a UserError with the end of its log when it does not. */
  async start(): Promise<void> {
    const at = (name: string) => path.join(this.folder, name);
    await removeStalePid(at("docker.pid"), "dockerd");
    await removeStalePid(at("exec/containerd/containerd.pid"), "containerd");
    const log = fs.openSync(at("dockerd.log"), "a");
    const places = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("docker.pid")];
    const command = ["dockerd", "--host", this.host.url, ...places];
    const inside = ["unshare", "--net", "--mount", "sh", "-c", `${BEFORE_ENGINE}exec "$@"`, "sh"];
    const [program = "", ...args] = this.alone ? [...inside, ...command] : command;
    const daemon = spawn(program, args, { stdio: ["ignore", log, log] });
    fs.closeSync(log);
    this.#daemon = daemon;
    const look = async () => (await dockerAnswers(this.host, 1000)) || daemon.exitCode !== null;
    if ((await until(look, Boolean, { withinMs: START_MS, everyMs: 100 })) && daemon.exitCode === null) return;
    const said = fs.readFileSync(at("dockerd.log"), "utf8").trimEnd().split("\n").slice(-5).join("\n");
    throw new UserError(`The private Docker Engine does not start:\n${said}`);
  }

  /** Ends it by a signal and waits until it has ended; on SIGKILL its containers live on. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    const late = setTimeout(() => daemon.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(late);
  }
}
