import { EventEmitter, once } from "node:events";
import type { ClientRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type Docker from "dockerode";
import { SocksProxyAgent } from "socks-proxy-agent";
import { parseInvite, type Invite } from "../../../components/core/invite";
import type { Pulumi } from "../../pulumi/pulumi";
import { authenticate } from "../../verify/authenticate";
import { daemonFacts } from "../../verify/containers";
import { startSecondDaemon } from "../../verify/daemon";
import { daemonOf, readOutputs } from "../../verify/stackFacts";

/** Milliseconds for a connection over the network. */
export const CONNECT_MS = 60_000;

/** What a peer needs to be let in. */
export type Pass = Pick<Invite, "url" | "nodeId" | "peerId" | "token">;

/** How somebody outside reaches a town. */
export interface Way {
  /** The SOCKS port, `<host>:<port>`, that leads to it. Default: none is needed. */
  readonly socks?: string;
  /** Ends what it takes. Safe to call more than once. */
  remove(): Promise<void>;
}

/** A town of any shape, as those outside see it. */
export interface Target {
  readonly stack: string;
  readonly containers: { readonly connector: string; readonly sidecar?: string | undefined };
  /** The container that runs the daemon, if there is one. */
  readonly daemon: string | undefined;
  /** What lets a declared peer in. */
  readonly pass: (peerId: string) => Pass;
  /** Somebody's own way to the town, once it is ready. Rejects after the deadline, in milliseconds. */
  readonly way: (docker: Docker, somebody: string, deadlineMs: number) => Promise<Way>;
}

/** Reads a town from its stack's outputs. */
export async function targetOf(pulumi: Pulumi, name: string): Promise<Target> {
  const { stack } = pulumi;
  const { towns, directTowns } = await readOutputs(pulumi);
  const direct = directTowns[name];
  if (direct) {
    const { containers, nodeId, url, secrets } = direct;
    return {
      ...{ stack, containers, daemon: undefined },
      pass: (peerId) => ({ url: url!, nodeId, peerId, token: secrets[peerId]! }),
      way: () => Promise.resolve({ remove: () => Promise.resolve() }),
    };
  }
  const town = towns[name]!;
  const { containers, invites } = town;
  const daemon = daemonOf(town);
  return {
    ...{ stack, containers, daemon },
    pass: (peerId) => parseInvite(invites[peerId]!),
    way: async (docker, somebody, deadlineMs) => {
      const facts = await daemonFacts(docker, daemon);
      const options = { ...facts, stack: `${stack}-${somebody}`, deadlineMs };
      const second = await startSecondDaemon(docker, options);
      return { socks: `${second.socks.host}:${second.socks.port}`, remove: () => second.remove() };
    },
  };
}

/**
 * A raw connection to a town's door for a client, whose name chooses its circuits. Rejects when there is none within
 * the time-out.
 */
export async function connectBy({ socks }: Way, who: string, url: string, timeoutMs: number): Promise<Socket> {
  const { hostname: host, port } = new URL(url);
  const door = { host, port: Number(port), secureEndpoint: false };
  if (socks !== undefined) {
    const agent = new SocksProxyAgent(`socks5h://${who}:x@${socks}`, { timeout: timeoutMs });
    return agent.connect(new EventEmitter() as ClientRequest, door as never);
  }
  const socket = connect(door);
  await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
  return socket;
}

/** Whether a peer is let in now. Rejects when there is no connection, or one that breaks. */
export async function isLetIn(way: Way, who: string, pass: Pass, timeoutMs: number): Promise<boolean> {
  const socket = await connectBy(way, who, pass.url, timeoutMs);
  const { kind } = await authenticate(socket, new URL(pass.url).hostname, pass, timeoutMs);
  return kind === "accepted";
}
