import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { parseInvite, type Invite } from "../../components/core/invite";
import { PATHS, PORTS } from "../../components/core/ports";
import { dockerClient } from "../../tools/dockerHost";
import { authenticate, type Attempt, type Claim } from "../../tools/verify/authenticate";
import { readAuthAnswer } from "../../tools/verify/btp";
import { sidecarFacts } from "../../tools/verify/containers";
import { startSecondDaemon, type SecondDaemon } from "../../tools/verify/daemon";
import { dialPatiently, dialThrough, DoorError, NO_KEY } from "../../tools/verify/door";
import { keyRing, type KeyRing } from "../../tools/verify/keyRing";
import { ANSWER_MS, CONNECT_MS } from "../../tools/verify/presentThrough";
import { readTowns } from "../../tools/verify/stackFacts";
import { TestStack } from "./support";

const stack = new TestStack("e2e-access");
const PEERS = "peers: { g.visitor: {}, g.guest: {} }";
const CONFIG = `config:
  town-ator:network: local
  town-ator:towns:
    closed: { nodeId: g.closed, access: permissioned, ${PEERS} }
    open: { nodeId: g.open, access: permissionless, ${PEERS} }
    hidden: { nodeId: g.hidden, access: permissioned, discovery: restricted, ${PEERS} }
`;
type TownName = "closed" | "open" | "hidden";

/** Milliseconds for the second daemon to join the network, and again to find a service. */
const BUDGET_MS = 60_000;

let daemon: SecondDaemon | undefined;
let ring: KeyRing;
/** The invites of every town for its peers. */
let invites: Record<string, Record<string, Invite>>;

beforeAll(async () => {
  stack.configure(CONFIG);
  await stack.erase();
  stack.configure(CONFIG);
  await stack.made("up");
  const environment = await stack.environment();
  const towns = await readTowns(environment, stack.name);
  invites = Object.fromEntries(
    Object.entries(towns).map(([name, town]) => [
      name,
      Object.fromEntries(Object.entries(town.invites).map(([peer, text]) => [peer, parseInvite(text)])),
    ]),
  );
  const docker = dockerClient(environment.dockerHost);
  daemon = await startSecondDaemon(docker, {
    ...(await sidecarFacts(docker, towns["closed"]!.containers.sidecar)),
    stack: stack.name,
    includePath: PATHS.localNetwork,
    deadlineMs: BUDGET_MS,
  });
  ring = keyRing(daemon.control);
});

afterAll(async () => {
  await daemon?.remove();
  await stack.erase();
});

/** A first frame, given the town's invites for its two peers. */
type FirstFrame = (visitor: Invite, guest: Invite) => Claim | "no auth data";

const STRANGER = "g.stranger";
const CLAIMS = {
  "a peer's own token": ({ peerId, token }) => ({ peerId, token }),
  "a wrong token": ({ peerId, token }) => ({ peerId, token: other(token) }),
  "a token that is cut short": ({ peerId, token }) => ({ peerId, token: token.slice(0, -1) }),
  "another peer's token": ({ peerId }, guest) => ({ peerId, token: guest.token }),
  "a peer's token under a name that is not declared": ({ token }) => ({ peerId: STRANGER, token }),
  "an empty token": ({ peerId }) => ({ peerId, token: "" }),
  "an empty token under a name that is not declared": () => ({ peerId: STRANGER, token: "" }),
  // JSON leaves out a key without a value.
  "JSON without a secret": ({ peerId }) => ({ peerId }) as Claim,
  "no auth data": () => "no auth data",
} satisfies Record<string, FirstFrame>;
type ClaimName = keyof typeof CLAIMS;

const ACCEPTED: Attempt = { kind: "accepted" };
/** The connector's one answer to whatever is wrong; the reason is in its log alone. */
const REFUSED: Attempt = { kind: "refused", code: "F00", name: "BTPError" };

const TABLE: [TownName, ClaimName, Attempt][] = [
  ["closed", "a peer's own token", ACCEPTED],
  ["closed", "a wrong token", REFUSED],
  ["closed", "a token that is cut short", REFUSED],
  ["closed", "another peer's token", REFUSED],
  ["closed", "a peer's token under a name that is not declared", REFUSED],
  ["closed", "an empty token", REFUSED],
  ["closed", "an empty token under a name that is not declared", REFUSED],
  ["closed", "JSON without a secret", REFUSED],
  ["closed", "no auth data", REFUSED],
  ["open", "a peer's own token", ACCEPTED],
  ["open", "a wrong token", REFUSED],
  ["open", "a token that is cut short", REFUSED],
  ["open", "another peer's token", REFUSED],
  ["open", "a peer's token under a name that is not declared", REFUSED],
  ["open", "an empty token", ACCEPTED],
  ["open", "an empty token under a name that is not declared", ACCEPTED],
  ["open", "JSON without a secret", REFUSED],
  ["open", "no auth data", REFUSED],
  ["hidden", "a peer's own token", ACCEPTED],
  ["hidden", "a wrong token", REFUSED],
  ["hidden", "a token that is cut short", REFUSED],
  ["hidden", "another peer's token", REFUSED],
  ["hidden", "a peer's token under a name that is not declared", REFUSED],
  ["hidden", "an empty token", REFUSED],
  ["hidden", "an empty token under a name that is not declared", REFUSED],
  ["hidden", "JSON without a secret", REFUSED],
  ["hidden", "no auth data", REFUSED],
];

describe("a town whose discovery is restricted", () => {
  test("is not even found by whoever has its address and a peer's token, but not the key", async () => {
    const { url } = invites["hidden"]!["g.visitor"]!;
    const found = await dial(new URL(url).hostname).then(
      () => "found",
      (error: unknown) => (error instanceof DoorError ? error.reply : error),
    );
    expect(found).toBe(NO_KEY);
  });

  test("is found with the key in that peer's invite", async () => {
    const { url, key } = invites["hidden"]!["g.visitor"]!;
    const { hostname } = new URL(url);
    await ring.give(hostname, key!);
    (await dial(hostname)).destroy();
  });
});

describe("over the hidden service", () => {
  test.each(TABLE)("%s answers to %s as it should", async (town, claim, outcome) => {
    expect(await come(town, CLAIMS[claim])).toEqual(outcome);
  });

  test("every kind of access was tried with every claim", () => {
    const tried = TABLE.map(([town, claim]) => `${town}: ${claim}`);
    const all = Object.keys(invites).flatMap((town) => Object.keys(CLAIMS).map((claim) => `${town}: ${claim}`));
    expect(tried.sort()).toEqual(all.sort());
  });
});

async function come(town: TownName, claim: FirstFrame): Promise<Attempt> {
  const { "g.visitor": visitor, "g.guest": guest } = invites[town]!;
  const first = claim(visitor!, guest!);
  const { hostname } = new URL(visitor!.url);
  const socket = await dial(hostname);
  return first === "no auth data" ? presentNothing(socket, hostname) : authenticate(socket, hostname, first, ANSWER_MS);
}

function dial(host: string): Promise<Socket> {
  return dialPatiently(dialThrough(daemon!.socks, host, CONNECT_MS), PORTS.btp, BUDGET_MS);
}

/** A text of the same length that differs in its last character alone. */
function other(token: string): string {
  return `${token.slice(0, -1)}${token.endsWith("x") ? "y" : "x"}`;
}

/** A MESSAGE (type 6, request 1) with no protocol data and no ILP packet: the first frame of somebody who says nothing of himself. */
const NOTHING = Buffer.from("06 00000001 00 00000000".replaceAll(" ", ""), "hex");

async function presentNothing(socket: Socket, host: string): Promise<Attempt> {
  const client = new WebSocket(`ws://${host}/`, { createConnection: () => socket, handshakeTimeout: ANSWER_MS });
  try {
    return await new Promise<Attempt>((resolve, reject) => {
      client.on("open", () => client.send(NOTHING));
      client.on("message", (frame: Buffer) => resolve(readAuthAnswer(frame, 1)));
      client.on("close", (code) => resolve({ kind: "closed", code }));
      client.on("error", reject);
      setTimeout(() => resolve({ kind: "silent", seconds: ANSWER_MS / 1000 }), ANSWER_MS).unref();
    });
  } finally {
    client.terminate();
  }
}
