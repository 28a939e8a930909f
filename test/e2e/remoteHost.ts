import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { connect } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { anonContext } from "../../components/anonImage";
import { connectorContext } from "../../stack/connectorContext";
import { aptInstall } from "../../tools/console/aptInstall";
import { run } from "../../tools/console/run";
import { goProgram } from "../../tools/dev/goProgram";
import { PrivateEngine } from "../../tools/dev/engine/privateEngine";
import { prepareEnvironment } from "../../tools/pulumi/environment";
import { freePort } from "../freePort";
import { docker, PROJECT, within } from "./support";

/** The registry of the CNCF's `distribution`. */
const REGISTRY = "github.com/distribution/distribution/v3/cmd/registry@v3.0.0";
/** The registry's only user, and the password's bcrypt hash. */
export const LOGIN = { username: "puller", password: "a-password-of-the-registry" };
const HTPASSWD = "$2b$05$townatore2eregistryabOjYU033iDUy0ofMPRxQmGbf72QjHo61m";

/**
 * A Docker host that only `ssh` leads to: a real sshd on loopback, with keys of its own, and behind it an Engine in a
 * network namespace that nothing leads into. A real registry, which asks for a login, is on the loopback of both
 * machines: two processes with one storage. Everything is in a temporary folder and goes with it. Needs root on Debian.
 */
export class RemoteHost {
  readonly #processes: ChildProcess[] = [];
  readonly #engine: PrivateEngine;
  #sshPort = 0;
  /** The registry's address, on both machines. */
  registry = "";

  private constructor(readonly folder: string) {
    this.#engine = new PrivateEngine(folder, true);
  }

  static async start(): Promise<RemoteHost> {
    // Not called as our tools call their temporary files: `make verify` searches those.
    const host = new RemoteHost(fs.mkdtempSync(path.join(os.tmpdir(), "remote-host-")));
    try {
      const [registry] = await Promise.all([goProgram(REGISTRY), host.#engine.start(), installSshd()]);
      await host.#startSshd();
      await host.#startRegistry(registry);
      return host;
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  /** As in `docker:host`. */
  get url(): string {
    return `ssh://root@127.0.0.1:${this.#sshPort}`;
  }

  /** As in `docker:sshOpts`; the file in the folder has the keys of the hosts that are known. */
  sshOpts(knownHosts: "known_hosts" | "other_hosts" = "known_hosts"): string[] {
    const options = {
      IdentitiesOnly: "yes",
      UserKnownHostsFile: this.at(knownHosts),
      StrictHostKeyChecking: "yes",
      ControlMaster: "auto",
      ControlPath: this.at(`${knownHosts}-%C`),
      ControlPersist: "60",
    };
    return [
      "-i",
      this.at("client_key"),
      ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ];
  }

  at(name: string): string {
    return path.join(this.folder, name);
  }

  /** Runs the Docker client on the host itself; gives what it prints. */
  async docker(...args: string[]): Promise<string> {
    return (await docker("--host", this.#engine.host.url, ...args)).output.trim();
  }

  /** The requests that the host's registry has answered with 200, as `METHOD /path`. */
  served(): string[] {
    const log = fs.readFileSync(this.at("registry-there.log"), "utf8");
    return [...log.matchAll(/"(GET|HEAD) (\S+) HTTP\/1\.1" 200 /g)].map(([, method, target]) => `${method} ${target}`);
  }

  /** Builds this project's images on this machine and pushes them; gives their references by digest. */
  async publishImages(): Promise<{ anon: string; connector: string }> {
    const { env } = await prepareEnvironment();
    const config = ["--config", this.at("docker-config")];
    const login = ["login", "--username", LOGIN.username, "--password-stdin", this.registry];
    await run("docker", [...config, ...login], { input: LOGIN.password });
    const publish = async (name: string, context: string, base: string | undefined) => {
      const tag = `${this.registry}/town-ator/${name}:e2e`;
      const args = base === undefined ? [] : ["--build-arg", `BASE=${base}`];
      await docker("build", "--quiet", "--tag", tag, ...args, path.join(PROJECT, context));
      const { output } = await docker(...config, "push", tag);
      await docker("rmi", "--no-prune", tag);
      return `${this.registry}/town-ator/${name}@${/digest: (sha256:\w+)/.exec(output)![1]}`;
    };
    return {
      anon: await publish("anon", anonContext(PROJECT).path, env["TOWN_ATOR_ANON_BASE"]),
      connector: await publish("connector", connectorContext(PROJECT).path, env["TOWN_ATOR_NODE_BASE"]),
    };
  }

  async stop(): Promise<void> {
    await run("ssh", [...this.sshOpts(), "-p", `${this.#sshPort}`, "-O", "exit", "root@127.0.0.1"], { reject: false });
    for (const child of this.#processes) {
      if (child.exitCode !== null) continue;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    }
    await this.#engine.end("SIGTERM");
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async #startSshd(): Promise<void> {
    for (const key of ["host_key", "client_key", "other_key"])
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", this.at(key)]);
    this.#sshPort = await freePort();
    const known = (key: string) => `[127.0.0.1]:${this.#sshPort} ${fs.readFileSync(this.at(`${key}.pub`), "utf8")}`;
    fs.writeFileSync(this.at("known_hosts"), known("host_key"));
    fs.writeFileSync(this.at("other_hosts"), known("other_key"));
    fs.copyFileSync(this.at("client_key.pub"), this.at("authorized_keys"));
    const config = {
      ListenAddress: `127.0.0.1:${this.#sshPort}`,
      HostKey: this.at("host_key"),
      AuthorizedKeysFile: this.at("authorized_keys"),
      PidFile: "none",
      // The temporary folder is below one that all may write to.
      StrictModes: "no",
      PasswordAuthentication: "no",
      PermitRootLogin: "prohibit-password",
      // What `docker` means on this host.
      SetEnv: `DOCKER_HOST=${this.#engine.host.url}`,
    };
    const lines = Object.entries(config).map(([name, value]) => `${name} ${value}\n`);
    fs.writeFileSync(this.at("sshd_config"), lines.join(""));
    // Where sshd shuts itself in until somebody has logged in.
    fs.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    this.#spawn("sshd", "/usr/sbin/sshd", ["-D", "-e", "-f", this.at("sshd_config")]);
    await within(15, "sshd", () => answers(this.#sshPort));
  }

  async #startRegistry(program: string): Promise<void> {
    const port = await freePort();
    this.registry = `127.0.0.1:${port}`;
    fs.writeFileSync(this.at("htpasswd"), `${LOGIN.username}:${HTPASSWD}\n`);
    const config = {
      version: "0.1",
      storage: { filesystem: { rootdirectory: this.at("registry") } },
      http: { addr: this.registry },
      auth: { htpasswd: { realm: "e2e", path: this.at("htpasswd") } },
    };
    // YAML takes JSON.
    fs.writeFileSync(this.at("registry.yml"), JSON.stringify(config));
    const serve = [program, "serve", this.at("registry.yml")];
    this.#spawn("registry-here", serve[0]!, serve.slice(1));
    this.#spawn("registry-there", "nsenter", [`--net=/proc/${this.#engine.pid}/ns/net`, ...serve]);
    await within(15, "the registry", () => answers(port));
    const there = () => fs.readFileSync(this.at("registry-there.log"), "utf8");
    await within(15, "the host's registry", () => Promise.resolve(there().includes("listening on") || there()));
  }

  /** Starts a program that logs to a file of its name. */
  #spawn(name: string, program: string, args: string[]): void {
    const log = fs.openSync(this.at(`${name}.log`), "a");
    // Else the registry looks for a collector of traces.
    const env = { ...process.env, OTEL_TRACES_EXPORTER: "none" };
    this.#processes.push(spawn(program, args, { stdio: ["ignore", log, log], env }));
    fs.closeSync(log);
  }
}

/** Not a prerequisite of `make setup`: only these tests need it. */
async function installSshd(): Promise<void> {
  if (fs.existsSync("/usr/sbin/sshd")) return;
  if (fs.existsSync("/run/systemd/system"))
    throw new Error("Install openssh-server for these tests: its package would start a server on this machine.");
  const { exitCode, all } = await aptInstall(["openssh-server"]);
  if (exitCode !== 0) throw new Error(`openssh-server cannot be installed:\n${all}`);
}

async function answers(port: number): Promise<true | string> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    return (error as Error).message;
  } finally {
    socket.destroy();
  }
}
