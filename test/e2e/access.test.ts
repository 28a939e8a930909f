import * as fs from "node:fs";
import type { Duplex } from "node:stream";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { parseInvite, type Invite } from "../../components/core/invite";
import { PORTS } from "../../components/core/ports";
import { dockerClient } from "../../tools/docker/dockerHost";
import { ANSWER_MS, authenticate, readAuthAnswer, type Attempt, type Claim } from "../../tools/verify/authenticate";
import { daemonFacts } from "../../tools/verify/containers";
import { startSecondDaemon, type SecondDaemon } from "../../tools/verify/daemon";
import { CONNECT_MS, dialPatiently, dialThrough, DoorError, NO_KEY, WRONG_KEY } from "../../tools/verify/door";
import { keyRing, type KeyRing } from "../../tools/verify/keyRing";
import type { TownOutputs } from "../../tools/verify/stackFacts";
import { townsOf } from "./outside";
import { docker, packet, TestStack, within } from "./support";

const stack = new TestStack("e2e-access");
const OPEN = { connector: `town-ator-${stack.name}-open-connector`, network: `town-ator-${stack.name}-open-inside` };
/** A child of the town `open`, on its network, at an address above the town's own and below Docker's pool. */
const CART = { container: `${stack.name}-cart`, subnet: "10.111.1.0/27", address: "10.111.1.14" };

/** The stack's config. `guest` is the peer that is removed later, `cart` the one that is added. */
const config = (guest: string, cart: string) => `config:
  town-ator:network: local
  town-ator:towns:
    closed: { nodeId: g.closed, access: permissioned, peers: { g.visitor: {}, ${guest}g.open: {} } }
    open:
      nodeId: g.open
      access: permissionless
      subnet: ${CART.subnet}
      peers: { g.visitor: {}, g.guest: {}, ${cart}g.closed: {} }
    hidden: { nodeId: g.hidden, access: permissioned, discovery: restricted, peers: { ${guest}g.visitor: {} } }
`;
const CONFIG = config("g.guest: {}, ", "");
const CHANGED = config("", `g.cart: { relation: child, transport: direct, url: "ws://${CART.address}:3000" }, `);
type TownName = "closed" | "open" | "hidden";

/** Milliseconds for the second daemon to join the network, and again to find a service. */
const BUDGET_MS = 60_000;

let daemon: SecondDaemon | undefined;
let ring: KeyRing;
/** The towns after the first up. */
let towns: Record<string, TownOutputs>;
/** The invites of every town for its peers after the first up. */
let invites: Record<string, Record<string, Invite>>;

beforeAll(async () => {
  stack.configure(CONFIG);
  await erase();
  stack.configure(CONFIG);
  await stack.made("up");
  const environment = await stack.environment();
  towns = await townsOf(stack);
  invites = Object.fromEntries(
    Object.entries(towns).map(([name, town]) => [
      name,
      Object.fromEntries(Object.entries(town.invites).map(([peer, text]) => [peer, parseInvite(text)])),
    ]),
  );
  const client = dockerClient(environment.dockerHost);
  daemon = await startSecondDaemon(client, {
    ...(await daemonFacts(client, towns["closed"]!.containers.sidecar!)),
    stack: stack.name,
    deadlineMs: BUDGET_MS,
  });
  ring = keyRing(daemon.control);
});

afterAll(async () => {
  await daemon?.remove();
  await erase();
});

async function erase(): Promise<void> {
  await removeCart();
  await stack.erase();
}

/** A first frame, given the town's invites for its two peers. */
type FirstFrame = (visitor: Invite, guest: Invite) => Claim | "no auth data";

const STRANGER = "g.stranger";
const CLAIMS = {
  "a peer's own token": ({ peerId, token }) => ({ peerId, token }),
  "a wrong token": ({ peerId, token }) => ({ peerId, token: other(token) }),
  "a token that is cut short": ({ peerId, token }) => ({ peerId, token: token.slice(0, -1) }),
  "another peer's token": ({ peerId }, guest) => ({ peerId, token: guest.token }),
  "a peer's token under an undeclared name": ({ token }) => ({ peerId: STRANGER, token }),
  "an empty token": ({ peerId }) => ({ peerId, token: "" }),
  "an empty token under an undeclared name": () => ({ peerId: STRANGER, token: "" }),
  // JSON omits keys whose value is undefined.
  "JSON without a secret": ({ peerId }) => ({ peerId }) as Claim,
  "no auth data": () => "no auth data",
} satisfies Record<string, FirstFrame>;
type ClaimName = keyof typeof CLAIMS;

const ACCEPTED: Attempt = { kind: "accepted" };
/** The connector's only refusal; the reason is only in its log. */
const REFUSED: Attempt = { kind: "refused", code: "F00", name: "BTPError" };

/** What a permissioned town answers to each claim. */
const PERMISSIONED: Record<ClaimName, Attempt> = {
  "a peer's own token": ACCEPTED,
  "a wrong token": REFUSED,
  "a token that is cut short": REFUSED,
  "another peer's token": REFUSED,
  "a peer's token under an undeclared name": REFUSED,
  "an empty token": REFUSED,
  "an empty token under an undeclared name": REFUSED,
  "JSON without a secret": REFUSED,
  "no auth data": REFUSED,
};

/** What every town answers to every claim; the types demand that none is left out. */
const ANSWERS: Record<TownName, Record<ClaimName, Attempt>> = {
  closed: PERMISSIONED,
  open: { ...PERMISSIONED, "an empty token under an undeclared name": ACCEPTED },
  hidden: PERMISSIONED,
};
const TABLE = (Object.keys(ANSWERS) as TownName[]).flatMap((town) =>
  (Object.keys(CLAIMS) as ClaimName[]).map((claim) => [town, claim, ANSWERS[town][claim]] as const),
);

describe("a town with restricted discovery", () => {
  test("cannot be found with its address and a peer's token but without the key", async () => {
    const { url } = invites["hidden"]!["g.visitor"]!;
    const found = await dial(new URL(url).hostname).then(
      () => "found",
      (error: unknown) => (error instanceof DoorError ? error.reply : error),
    );
    expect(found).toBe(NO_KEY);
  });

  test("can be found with the key in that peer's invite", async () => {
    const { url, key } = invites["hidden"]!["g.visitor"]!;
    const { hostname } = new URL(url);
    await ring.give(hostname, key!);
    const socket = await dial(hostname);
    expect(socket.writable).toBe(true);
    socket.destroy();
  });
});

describe("over the hidden service", () => {
  test.each(TABLE)("%s answers to %s as it should", async (town, claim, outcome) => {
    expect(await come(town, CLAIMS[claim])).toEqual(outcome);
  });
});

describe("the next up", () => {
  let preview: string;
  let after: Record<string, TownOutputs>;
  let sidecars: string;

  beforeAll(async () => {
    sidecars = await startsOf("closed", "open");
    stack.configure(CHANGED);
    // As if from another stack: between towns of one stack, `{ town: closed }` is enough.
    await stack.made("accept", { TOWN: "open" }, towns["closed"]!.invites["g.open"]);
    await startCart();
    preview = (await stack.made("preview")).output;
    await stack.made("up");
    after = await townsOf(stack);
  });

  test("is previewed with the expected peers and with the one it will dial, whose invite was accepted", () => {
    const [, peers = ""] = /~ open *: \{.*?peers *: \{\n(.*?)\}/s.exec(preview) ?? [];
    expect(peers.split("\n").map((line) => line.replace(/ +/g, " ").trim())).toEqual([
      '+ g.cart : "dialled"',
      '~ g.closed : "expected" => "dialled"',
      'g.guest : "expected"',
      'g.visitor: "expected"',
      "",
    ]);
    expect(after["open"]!.peers).toEqual({
      "g.cart": "dialled",
      "g.closed": "dialled",
      "g.guest": "expected",
      "g.visitor": "expected",
    });
  });

  test("removes a peer and keeps the others' invites and every address", async () => {
    for (const town of ["closed", "hidden"]) {
      const before = Object.entries(towns[town]!.invites).filter(([peer]) => peer !== "g.guest");
      expect(after[town]!.invites).toEqual(Object.fromEntries(before));
    }
    expect(after["open"]!.invites).toMatchObject(towns["open"]!.invites);
    expect(fingerprints(after)).toEqual(fingerprints(towns));
    expect(await startsOf("closed", "open")).toBe(sidecars);
  });

  test("refuses the token of the removed peer and accepts another's", async () => {
    expect(await come("closed", (_visitor, guest) => guest)).toEqual(REFUSED);
    expect(await come("closed", CLAIMS["a peer's own token"])).toEqual(ACCEPTED);
  });

  test("hides a town with restricted discovery from the removed peer's key", async () => {
    const { url, key } = invites["hidden"]!["g.guest"]!;
    const { hostname } = new URL(url);
    await ring.take(hostname);
    await ring.give(hostname, key!);
    expect(await replyAboutKeys(hostname)).toBe(WRONG_KEY);
  });

  test("shows it to another peer's key, and accepts only that peer's token", async () => {
    const { url, key } = invites["hidden"]!["g.visitor"]!;
    await ring.give(new URL(url).hostname, key!);
    expect(await come("hidden", CLAIMS["a peer's own token"])).toEqual(ACCEPTED);
    expect(await come("hidden", (_visitor, guest) => guest)).toEqual(REFUSED);
  });

  test("connects a child on the town's own network, without ATOR", async () => {
    await within(60, "a packet from open to the cart", () => packet(OPEN.connector, "g.cart"));
  });

  test("leaves a stack that passes verify, the child on the town's own network included", async () => {
    // verify starts a daemon of the same name.
    await daemon!.remove();
    const { output } = await stack.made("verify");
    expect(output).toMatch(/^open: g\.cart is connected +passed .* dialled without ATOR$/m);
    expect(output).toMatch(/^open: packets to g\.cart and back +passed .* 20 of 20 fulfilled/m);
    expect(output).toMatch(/^open: g\.closed is connected +passed .* dialled$/m);
  });
});

async function come(town: TownName, claim: FirstFrame): Promise<Attempt> {
  const { "g.visitor": visitor, "g.guest": guest } = invites[town]!;
  const first = claim(visitor!, guest!);
  const { hostname } = new URL(visitor!.url);
  const socket = await dial(hostname);
  return first === "no auth data" ? presentNothing(socket, hostname) : authenticate(socket, hostname, first, ANSWER_MS);
}

function dial(host: string): Promise<Duplex> {
  return dialPatiently(dialThrough(daemon!.open, host, CONNECT_MS), PORTS.btp, BUDGET_MS);
}

/** The token with another last character. */
function other(token: string): string {
  return `${token.slice(0, -1)}${token.endsWith("x") ? "y" : "x"}`;
}

/** A MESSAGE (type 6, request 1) without protocol data or ILP packet: a first frame without authentication. */
const NOTHING = Buffer.from("06 00000001 00 00000000".replaceAll(" ", ""), "hex");

async function presentNothing(socket: Duplex, host: string): Promise<Attempt> {
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

/**
 * Dials until the daemon replies that it has no key or a wrong one. Right after a service has restarted, the daemon may
 * still have an old descriptor. Fails if the service is found.
 */
async function replyAboutKeys(host: string): Promise<number> {
  let reply = 0;
  await within(60, "a reply about keys", async () => {
    const failure = await dialThrough(
      daemon!.open,
      host,
      CONNECT_MS,
    )(PORTS.btp).then(
      (socket) => {
        socket.destroy();
        throw new Error("the service is found");
      },
      (error: unknown) => error,
    );
    if (!(failure instanceof DoorError)) throw failure;
    reply = failure.reply ?? 0;
    return reply === NO_KEY || reply === WRONG_KEY || failure.message;
  });
  return reply;
}

function fingerprints(all: Record<string, TownOutputs>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).map(([name, { fingerprint }]) => [name, fingerprint]));
}

/** Ids and start times of towns' sidecars, to see whether any was touched. */
async function startsOf(...names: TownName[]): Promise<string> {
  const sidecars = names.map((name) => towns[name]!.containers.sidecar!);
  return (await docker("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", ...sidecars)).output;
}

/** A connector without ATOR, like that of a Town relay. It accepts an empty token. */
const CART_YAML = `nodeId: g.cart
btpServerPort: 3000
peers: []
routes: [{ prefix: g.cart, nextHop: g.cart, priority: 0 }]
`;

async function startCart(): Promise<void> {
  const image = (await docker("inspect", "--format", "{{.Image}}", OPEN.connector)).output.trim();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-e2e-access-"));
  try {
    const file = path.join(folder, "config.yaml");
    fs.writeFileSync(file, CART_YAML);
    fs.chmodSync(file, 0o644); // The connector is not root.
    const place = ["--network", OPEN.network, "--ip", CART.address];
    await docker("create", "--name", CART.container, ...place, image);
    await docker("cp", file, `${CART.container}:/app/config.yaml`);
    await docker("start", CART.container);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The cart is on a network of the stack, so it must go before the network can. */
async function removeCart(): Promise<void> {
  const { output } = await docker("ps", "--all", "--quiet", "--filter", `name=^/?${CART.container}$`);
  for (const id of output.split("\n").filter(Boolean)) await docker("rm", "--force", "--volumes", id);
}
