import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { authFrame, messageFrame } from "../../../images/connector/src/btp";
import { until } from "../../console/until";
import { secondsOf } from "../bench/turns";
import type { BtpClient } from "./btpClient";
import type { Siege, Storm } from "./siege";
import { CONNECT_MS, isLetIn } from "./target";

const MEBIBYTE = 1024 * 1024;
/** The most that the kernel may take for the connector before the guard has cut three connections off, in MiB. */
const IN_BUFFERS = 20;
/** No introduction of a flood begins after this time. */
const FLOOD_MS = 60_000;
const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: town",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

/** What a stranger without a token can do. */
export const STRANGERS_STORMS: readonly Storm[] = [
  {
    name: "cannot fill the connector's memory with unfinished frames of 95 MiB",
    blow: async (siege) => {
      const before = await siege.received();
      await Promise.all(["a", "a", "a"].map(async (who) => unfinishedFrame(await siege.stranger(who))));
      const after = await siege.received();
      if (before === undefined || after === undefined) return { figure: "3 connections", faults: [] };
      const words = `the connector took ${((after - before) / MEBIBYTE).toFixed(1)} MiB of them together`;
      const faults = after - before < IN_BUFFERS * MEBIBYTE ? [] : [words];
      return { figure: `3 connections, ${words}`, faults };
    },
  },
  {
    name: "is cut off after ten seconds, whether silent or sending a byte now and then",
    blow: async (siege) => {
      const silent = await Promise.all(of(40, (index) => siege.stranger(`silent-${index % 8}`)));
      const slow = await Promise.all(of(8, (index) => siege.stranger(`slow-${index}`)));
      const drip = setInterval(() => slow.forEach((socket) => socket.write("G")), 500);
      const most = Math.max(...(await Promise.all([...silent, ...slow].map(secondsUntilClosed))));
      clearInterval(drip);
      return {
        figure: `48 sockets, the last one cut off after ${most.toFixed(1)} s`,
        faults: most < 25 ? [] : [`a socket was open for ${most.toFixed(1)} s`],
      };
    },
  },
  {
    name: "cannot lock a peer out by holding every place at the door",
    blow: async (siege) => {
      let storming = true;
      let held = 0;
      let [now, most] = [0, 0];
      const crowd = of(12, async (place) => {
        for (let round = 0; storming && round < 12; round++) {
          const open = await opened(of(8, () => siege.stranger(`crowd-${place}-${round}`)));
          held += open.length;
          now += open.length;
          most = Math.max(most, now);
          if (open.length > 0) await Promise.race(open.map(secondsUntilClosed));
          for (const socket of open) socket.destroy();
          now -= open.length;
        }
      });
      await reaches(() => held, 64);
      const way = await waysIn(siege);
      storming = false;
      await Promise.all(crowd);
      const figure = `up to ${most} sockets at a time; ${way.words}`;
      return { figure, faults: [...way.faults, ...tooFew(most, "sockets were held")] };
    },
  },
  {
    name: "cannot keep a peer away with a flood of introductions from several daemons",
    blow: async (siege) => {
      let tried = 0;
      let answered = 0;
      const end = performance.now() + FLOOD_MS;
      const flood = siege.attackers.flatMap((way, index) =>
        of(10, async (stream) => {
          for (let round = 0; round < 20 && performance.now() < end; round++) {
            // Credentials that no other connection has: an introduction and a rendezvous of its own.
            const who = `flood-${index}-${stream}-${round}`;
            tried += 1;
            for (const socket of await opened([siege.stranger(who, way)])) {
              answered += 1;
              socket.destroy();
            }
          }
        }),
      );
      await reaches(() => tried, 100);
      const way = await waysIn(siege);
      await Promise.all(flood);
      const figure = `${tried} introductions by ${siege.attackers.length} attackers, ${answered} answered; ${way.words}`;
      return { figure, faults: [...way.faults, ...tooFew(answered, "introductions were answered")] };
    },
  },
  {
    name: "gets the same refusal for every first frame, and fills no log with it",
    blow: async (siege) => {
      const before = (await siege.log()).length;
      const frames = [
        ...[1, 2, 3, 4, 5, 6, 7].map((type) => Buffer.from([type, 0, 0, 0, 1, 0, 0, 0, 0, 0])),
        authFrame(1, "g.visitor", "wrong"),
        authFrame(1, "g.stranger", ""),
        Buffer.from([6, 0, 0, 0, 1, 255, 255, 255]),
        Buffer.from("not a frame at all"),
      ];
      const rounds = 6;
      const faults: string[] = [];
      for (let round = 0; round < rounds; round++) {
        const answers = await Promise.all(frames.map((frame, index) => answerTo(siege, `guess-${index}`, frame)));
        const wrong = answers.findIndex((answer) => answer !== "2");
        if (wrong >= 0) faults.push(`first frame ${wrong} was answered with ${answers[wrong] || "nothing"}`);
      }
      // The guard reports once a minute; the honest peer's packets are lines of the connector's own.
      const lines = (await siege.log()).slice(before);
      const ours = lines.filter((line) => /btp_auth|auth_fail|turned away|btp_connection/.test(line)).length;
      if (ours >= 4) faults.push(`${ours} lines of the log`);
      return { figure: `${frames.length * rounds} first frames, ${ours} lines of the log`, faults };
    },
  },
  {
    name: "harms nobody with 1,000 connections that come and go, or with random bytes",
    blow: async (siege) => {
      let came = 0;
      for (let round = 0; round < 25; round++) {
        for (const [index, socket] of (await opened(of(40, (one) => siege.stranger(`storm-${one % 8}`)))).entries()) {
          came += 1;
          if (index % 4 === 0) socket.write(randomBytes(512));
          socket.end();
        }
      }
      return {
        figure: `1,000 connections, ${came} of them opened`,
        faults: came > 500 ? [] : ["most were not opened"],
      };
    },
  },
];

/** What a peer with its own token can do. */
export const PEERS_STORMS: readonly Storm[] = [
  {
    name: "is cut off by a message over 1 MiB, in one frame or in fragments",
    blow: async (siege) => {
      const codes: number[] = [];
      for (const fragments of [1, 40]) {
        const { socket, closed } = await admitted(siege, `large-${fragments}`);
        for (let part = 0; part < fragments; part++)
          socket.send(Buffer.alloc((2 * MEBIBYTE) / fragments), { fin: part === fragments - 1 });
        codes.push(await closed);
      }
      // The close frame is lost where the connection is reset below what is still being sent.
      const wrong = codes.filter((code) => ![1006, 1009].includes(code));
      return { figure: "2 messages of 2 MiB", faults: wrong.map((code) => `closed with ${code}`) };
    },
  },
  {
    name: "harms nobody with frames that are cut short or make no sense",
    blow: async (siege) => {
      const { socket } = await admitted(siege, "nonsense");
      const good = messageFrame(5, Buffer.alloc(64));
      for (let length = 0; length < good.length; length++) socket.send(good.subarray(0, length));
      for (let round = 0; round < 200; round++) socket.send(randomBytes(1 + (round % 97)));
      socket.terminate();
      return { figure: `${good.length} frames cut short, 200 of random bytes`, faults: [] };
    },
  },
];

const of = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));

/** The sockets of those attempts that got one. */
async function opened(attempts: readonly Promise<Socket>[]): Promise<Socket[]> {
  const settled = await Promise.allSettled(attempts);
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

/** Sends up to 94 MiB of a frame of 95 MiB; the attacker's own daemon may take all of it, wherever it then goes. */
async function unfinishedFrame(socket: Socket): Promise<void> {
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(UPGRADE);
  await once(socket, "data");
  const header = Buffer.alloc(14, 0);
  header.writeUInt8(0x82, 0); // binary, final
  header.writeUInt8(0xff, 1); // masked, a length of 64 bits
  header.writeBigUInt64BE(BigInt(95 * MEBIBYTE), 2);
  socket.write(header);
  const piece = Buffer.alloc(64 * 1024);
  let bytes = 0;
  while (!socket.destroyed && bytes < 94 * MEBIBYTE) {
    bytes += piece.length;
    if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
  }
  await closed;
}

/** The types of the frames that answer a client's first one, as `2`. */
async function answerTo(siege: Siege, who: string, frame: Buffer): Promise<string> {
  const client = await siege.client(who);
  await client.present(frame);
  client.socket.terminate();
  return client.frames.map(({ type }) => type).join();
}

/** The attacking peer, let in. */
async function admitted(siege: Siege, who: string): Promise<BtpClient> {
  const client = await siege.client(who);
  await client.authenticate(siege.pass);
  return client;
}

function secondsUntilClosed(socket: Socket): Promise<number> {
  // Not `once` of node:events: a reset connection is closed too.
  return secondsOf(async () => socket.closed || new Promise((resolve) => socket.once("close", resolve)));
}

/** The fault of an attack that hardly took place. Far below what one comes to, so that no busy machine has it. */
export function tooFew(count: number, what: string): string[] {
  return count < 8 ? [`only ${count} ${what}`] : [];
}

/** Waits until a storm is under way, for up to a minute. */
async function reaches(count: () => number, enough: number): Promise<void> {
  const look = () => Promise.resolve(count());
  await until(look, (seen) => seen >= enough, { withinMs: 60_000, everyMs: 50 });
}

/** How long a peer takes to come in while others storm the door, three times, each for up to a minute. */
async function waysIn(siege: Siege): Promise<{ words: string; faults: readonly string[] }> {
  const took: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const from = performance.now();
    const look = () => isLetIn(siege.honestWay, `peer-${from}`, siege.pass, CONNECT_MS).catch(() => false);
    if (!(await until(look, Boolean, { withinMs: 60_000, everyMs: 100 })))
      return { words: "no peer came in", faults: ["no peer came in within a minute"] };
    took.push((performance.now() - from) / 1000);
  }
  return { words: `a peer came in after ${took.map((seconds) => seconds.toFixed(1)).join(", ")} s`, faults: [] };
}
