import { EventEmitter, once } from "node:events";
import type { ClientRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type Docker from "dockerode";
import { SocksProxyAgent } from "socks-proxy-agent";
import { parseInvite, type Invite } from "../../../components/core/invite";
import type { Pulumi } from "../../pulumi/pulumi";
import { daemonFacts } from "../../verify/containers";
import { startSecondDaemon } from "../../verify/daemon";
import { daemonOf, readOutputs } from "../../verify/stackFacts";

/** What a peer needs to be let in. */
export type Pass = Pick<Invite, "url" | "nodeId" | "peerId" | "token">;

/** How somebody outside reaches a town. */
export interface Way {
  /** The proxy for a client, whose name chooses its circuits; undefined where none is needed. */
  readonly proxy: (who: string, timeoutMs: number) => SocksProxyAgent | undefined;
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
      way: () => Promise.resolve({ proxy: () => undefined, remove: () => Promise.resolve() }),
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
      const second = await startSecondDaemon(docker, {
        ...facts,
        stack: `${stack}-${somebody}`,
        deadlineMs,
      });
      const url = (who: string) => `socks5h://${who}:x@${second.socks.host}:${second.socks.port}`;
      return { proxy: (who, timeout) => new SocksProxyAgent(url(who), { timeout }), remove: () => second.remove() };
    },
  };
}

/** A raw connection to a town's door. Rejects when there is none within the time-out. */
export async function connectBy(way: Way, who: string, url: string, timeoutMs: number): Promise<Socket> {
  const { hostname: host, port } = new URL(url);
  const proxy = way.proxy(who, timeoutMs);
  if (proxy)
    return proxy.connect(
      new EventEmitter() as ClientRequest,
      { host, port: Number(port), secureEndpoint: false } as never,
    );
  const socket = connect({ host, port: Number(port) });
  await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
  return socket;
}
