import { type ChildProcessByStdio, spawn } from "node:child_process";
import { Agent } from "node:http";
import { Duplex, type Readable, type Writable } from "node:stream";
import { UserError } from "../console/project";
import { unlessRefused } from "../console/unlessRefused";

/**
 * The arguments with which `ssh` leads to an Engine: those of docker's own client, and so of the docker provider
 * (docker/cli 28.5, cli/connhelper). Throws a UserError for a URL with a password, a query or a fragment.
 */
export function sshArguments(url: string, sshOpts: readonly string[] = []): string[] {
  const parsed = unlessRefused(TypeError, () => new URL(url));
  if (!parsed?.hostname || parsed.password || parsed.search || parsed.hash)
    throw new UserError("An ssh:// Docker host is ssh://[user@]host[:port][/path/of/the/socket], without a password.");
  const { username, hostname, port } = parsed;
  const socket = parsed.pathname.replace(/^\/+$/, "");
  return [
    ...(username ? ["-l", decodeURIComponent(username)] : []),
    ...(port ? ["-p", port] : []),
    ...sshOpts,
    ...(sshOpts.some((option) => option.includes("ConnectTimeout")) ? [] : ["-o", "ConnectTimeout=30"]),
    "-T",
    "--",
    hostname.replace(/^\[(.*)\]$/, "$1"),
    // A shell reads it there.
    `docker ${socket && `--host='unix://${decodeURIComponent(socket).replaceAll("'", "'\\''")}' `}system dial-stdio`,
  ];
}

/** Connects to an Engine with one `ssh` a connection, and keeps what is idle for the next request. */
export function sshAgent(url: string, sshOpts?: readonly string[]): Agent {
  const args = sshArguments(url, sshOpts);
  const createConnection = () => new ProgramConnection("ssh", args);
  return Object.assign(new Agent({ keepAlive: true }), { createConnection });
}

/** Characters of what a program says that are kept for an error. */
const REASON = 2000;

/**
 * A connection that is a program's standard input and output. Breaks with the last line that the program says if it
 * fails. Has what `http` asks of a socket; it knows no timeouts.
 */
export class ProgramConnection extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #said = "";

  constructor(program: string, args: readonly string[]) {
    super({ allowHalfOpen: false });
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    child.stdout.on("data", (piece: Buffer) => this.push(piece) || child.stdout.pause());
    child.stderr.on("data", (piece: Buffer) => (this.#said = `${this.#said}${piece.toString()}`.slice(-REASON)));
    // The program's end says what is wrong.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => this.destroy(new Error(`\`${program}\` cannot be run: ${error.message}`)));
    const drained = new Promise((end) => child.stdout.once("end", end));
    // A master connection that ssh leaves behind may hold standard error open, so `close` may never come then.
    child.on("exit", (code) => code === 0 && void drained.then(() => this.push(null)));
    child.on("close", (code) => {
      const last = this.#said.trim().split("\n").at(-1)?.trim();
      if (code !== 0) this.destroy(new Error(last || `\`${program}\` ended with ${code ?? "a signal"}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(piece, (error) => {
      if (!error) done();
    });
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Has the process wait for this connection; {@link unref} ends that. */
  ref(): this {
    for (const held of this.#held()) held.ref?.();
    return this;
  }

  unref(): this {
    for (const held of this.#held()) held.unref?.();
    return this;
  }

  #held(): { ref?: () => unknown; unref?: () => unknown }[] {
    const { stdin, stdout, stderr } = this.#child;
    return [this.#child, stdin, stdout, stderr] as { ref?: () => unknown; unref?: () => unknown }[];
  }
}
