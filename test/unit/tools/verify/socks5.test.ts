import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { replyWords, Socks5Error, socks5Connect } from "../../../../tools/verify/socks5";

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A proxy that says each text of `says` in answer to one message; undefined ends the connection. */
async function proxy(...says: (Buffer | undefined)[]) {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (message) => {
      heard.push(message);
      if (heard.length > says.length) return;
      const answer = says[heard.length - 1];
      if (answer === undefined) socket.end();
      else socket.write(answer);
    });
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port, heard };
}

const NO_AUTHENTICATION = Buffer.from([5, 0]);
const bytes = (...list: number[]) => Buffer.from(list);

async function failureOf(connecting: Promise<Socket>): Promise<Pick<Socks5Error, "kind" | "reply" | "message">> {
  const error: unknown = await connecting.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(Socks5Error);
  const { kind, reply, message } = error as Socks5Error;
  return { kind, ...(reply === undefined ? {} : { reply }), message };
}

describe("a SOCKS5 connection", () => {
  test.each([
    ["an IPv4 address", bytes(5, 0, 0, 1, 10, 0, 0, 1, 0, 80)],
    ["a name", bytes(5, 0, 0, 3, 2, 0x61, 0x62, 0, 80)],
    ["an IPv6 address", Buffer.concat([bytes(5, 0, 0, 4), Buffer.alloc(18)])],
  ])("is ours from the byte after the reply, when the proxy says it bound %s", async (_kind, reply) => {
    const there = await proxy(NO_AUTHENTICATION, Buffer.concat([reply, Buffer.from("first")]), Buffer.from("second"));
    const socket = await socks5Connect(there, "name.invalid", 3000, 1000);
    sockets.push(socket);
    let text = "";
    const heard = new Promise<void>((resolve) => {
      socket.on("data", (piece: Buffer) => {
        text += piece.toString();
        if (text === "firstsecond") resolve();
      });
    });
    socket.write("hello");
    await heard;
    expect(there.heard.map((message) => message.toString("latin1"))).toEqual([
      "\x05\x01\x00",
      "\x05\x01\x00\x03\x0cname.invalid\x0b\xb8",
      "hello",
    ]);
  });

  test("fails with the reply's number", async () => {
    const there = await proxy(NO_AUTHENTICATION, bytes(5, 0xf2, 0, 1, 0, 0, 0, 0, 0, 0));
    expect(await failureOf(socks5Connect(there, "name.invalid", 3000, 1000))).toEqual({
      kind: "reply",
      reply: 0xf2,
      message: "the proxy replies 0xF2",
    });
  });

  test.each<[string, (Buffer | undefined)[]]>([
    ["wants a password", [bytes(5, 2)]],
    ["speaks SOCKS4", [bytes(0, 90)]],
    ["ends after the greeting", [undefined]],
    ["ends instead of a reply", [NO_AUTHENTICATION, undefined]],
    ["replies in another version", [NO_AUTHENTICATION, bytes(4, 0, 0, 1, 0, 0, 0, 0, 0, 0)]],
    ["bound an address of an unknown type", [NO_AUTHENTICATION, bytes(5, 0, 0, 9, 0, 0, 0, 0, 0, 0)]],
  ])("is broken when the proxy %s", async (_what, says) => {
    const there = await proxy(...says);
    expect(await failureOf(socks5Connect(there, "name.invalid", 3000, 1000))).toMatchObject({ kind: "broken" });
  });

  test.each<[string, Buffer[]]>([
    ["says nothing", []],
    ["never replies", [NO_AUTHENTICATION]],
    ["cuts its reply short", [NO_AUTHENTICATION, bytes(5, 0, 0, 1, 10)]],
  ])("takes too long when the proxy %s", async (_what, says) => {
    const there = await proxy(...says);
    expect(await failureOf(socks5Connect(there, "name.invalid", 3000, 60))).toMatchObject({ kind: "timeout" });
  });
});

test.each([
  [0x05, "the port is refused (SOCKS reply 0x05)"],
  [0xf0, "the service has no descriptor in the network (SOCKS reply 0xF0)"],
  [0xf7, "the introduction to the service timed out (SOCKS reply 0xF7)"],
  [0x42, "an unknown reply (SOCKS reply 0x42)"],
])("the reply %i in words", (reply, words) => {
  expect(replyWords(reply)).toBe(words);
});
