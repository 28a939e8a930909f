import { spawn } from "node:child_process";
import { Agent } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { UserError } from "../console/project";
import { unlessRefused } from "../console/unlessRefused";
import { joined } from "./joined";

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
  const createConnection = () => programConnection("ssh", args);
  return Object.assign(new Agent({ keepAlive: true }), { createConnection });
}

/** Characters of what a program says that are kept for an error. */
const REASON = 2000;

/**
 * A connection that is a program's standard input and output. Breaks with the last line that the program says if it
 * fails. Has what `http` asks of a socket; it knows no timeouts.
 */
export function programConnection(program: string, args: readonly string[]): Duplex {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const connection = joined(child.stdout, child.stdin, () => child.kill());
  let said = "";
  child.stderr.on("data", (piece: Buffer) => (said = `${said}${piece.toString()}`.slice(-REASON)));
  // The program's end says what is wrong.
  child.stdin.on("error", () => undefined);
  child.on("error", (error) => connection.destroy(new Error(`\`${program}\` cannot be run: ${error.message}`)));
  const drained = new Promise((end) => child.stdout.once("end", end));
  // A master connection that ssh leaves behind may hold standard error open, so `close` may never come then.
  child.on("exit", (code) => code === 0 && void drained.then(() => connection.push(null)));
  child.on("close", (code) => {
    const last = said.trim().split("\n").at(-1)?.trim();
    if (code !== 0) connection.destroy(new Error(last || `\`${program}\` ended with ${code ?? "a signal"}`));
  });
  // These three are sockets, whose types do not say so.
  const held = [child, child.stdin, child.stdout, child.stderr] as (typeof child | Socket)[];
  const ignored = () => connection;
  return Object.assign(connection, {
    setTimeout: ignored,
    setNoDelay: ignored,
    setKeepAlive: ignored,
    /** Has the process wait for the connection, until `unref`. */
    ref: () => held.forEach((one) => one.ref()),
    unref: () => held.forEach((one) => one.unref()),
  });
}
