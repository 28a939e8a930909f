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
  /**
   * A raw connection to a town's door for a client, whose name chooses its circuits. Rejects when there is none within
   * the time-out.
   */
  connect(who: string, url: string, timeoutMs: number): Promise<Socket>;
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
      way: () => Promise.resolve(STRAIGHT),
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
      return { connect: throughSocks(`${second.socks.host}:${second.socks.port}`), remove: () => second.remove() };
    },
  };
}

/** Whether a peer is let in now. Rejects when there is no connection, or one that breaks. */
export async function isLetIn(way: Way, who: string, pass: Pass, timeoutMs: number): Promise<boolean> {
  const socket = await way.connect(who, pass.url, timeoutMs);
  const { kind } = await authenticate(socket, new URL(pass.url).hostname, pass, timeoutMs);
  return kind === "accepted";
}

const STRAIGHT: Way = {
  connect: async (_, url, timeoutMs) => {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port) });
    await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
    return socket;
  },
  remove: () => Promise.resolve(),
};

function throughSocks(proxy: string): Way["connect"] {
  return (who, url, timeout) => {
    const { hostname: host, port } = new URL(url);
    const target = { host, port: Number(port), secureEndpoint: false } as never;
    return new SocksProxyAgent(`socks5h://${who}:x@${proxy}`, { timeout }).connect(
      new EventEmitter() as ClientRequest,
      target,
    );
  };
}
