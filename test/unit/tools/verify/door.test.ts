import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { PassThrough, type Duplex } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { dialPatiently, dialThrough, DoorError } from "../../../../tools/verify/door";

const servers: Server[] = [];
const sockets: Duplex[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A proxy that says each text of `says` in answer to one message; undefined ends the connection. */
async function proxy(...says: (Buffer | undefined)[]) {
  const heard: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (message) => {
      heard.push(message.toString("latin1"));
      if (heard.length > says.length) return;
      const answer = says[heard.length - 1];
      if (answer === undefined) socket.end();
      else socket.write(answer);
    });
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { open: () => Promise.resolve(connect(port, "127.0.0.1")), heard };
}

const bytes = (...list: number[]) => Buffer.from(list);
const NO_AUTHENTICATION = bytes(5, 0);
const replying = (reply: number) => proxy(NO_AUTHENTICATION, bytes(5, reply, 0, 1, 0, 0, 0, 0, 0, 0));

/** How a dialling failed. */
async function failureOf(dialling: Promise<unknown>): Promise<Pick<DoorError, "message" | "refused" | "reply">> {
  const error: unknown = await dialling.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(DoorError);
  const { message, refused, reply } = error as DoorError;
  return { message, refused, reply };
}

describe("dialling through a proxy", () => {
  test("hands it the name, and gives a connection that begins after the reply", async () => {
    const reply = Buffer.concat([bytes(5, 0, 0, 1, 10, 0, 0, 1, 0, 80), Buffer.from("first")]);
    const there = await proxy(NO_AUTHENTICATION, reply, Buffer.from("second"));
    const socket = await dialThrough(there.open, "name.invalid", 30_000)(3000);
    sockets.push(socket);
    let text = "";
    const all = new Promise<void>((resolve) => {
      socket.on("data", (piece: Buffer) => {
        text += piece.toString();
        if (text === "firstsecond") resolve();
      });
    });
    socket.write("hello");
    await all;
    expect(there.heard).toEqual(["\x05\x01\x00", "\x05\x01\x00\x03\x0cname.invalid\x0b\xb8", "hello"]);
  });

  test.each([
    [0x05, "the port is refused", true],
    [0x04, "the second daemon cannot connect: host unreachable (SOCKS reply 0x04)", false],
    [0x02, "the second daemon cannot connect: not allowed (SOCKS reply 0x02)", false],
    [0xf0, "the second daemon cannot connect: the service has no descriptor in the network (SOCKS reply 0xF0)", false],
    [
      0xf4,
      "the second daemon cannot connect: the service is restricted and wants a key for its discovery (SOCKS reply 0xF4)",
      false,
    ],
    [0xee, "the second daemon cannot connect: an unknown reply (SOCKS reply 0xEE)", false],
  ])("tells what the reply %i means", async (reply, message, refused) => {
    const dial = dialThrough((await replying(reply)).open, "name.invalid", 30_000);
    expect(await failureOf(dial(3000))).toEqual({ message, refused, reply });
  });

  test.each<[string, Buffer[]]>([
    ["says nothing", []],
    ["never replies", [NO_AUTHENTICATION]],
    ["cuts its reply short", [NO_AUTHENTICATION, bytes(5, 0, 0, 1, 10)]],
  ])("gives up on a proxy that %s", async (_what, says) => {
    const dial = dialThrough((await proxy(...says)).open, "name.invalid", 60);
    expect(await failureOf(dial(3000))).toEqual({ message: "no connection within the time allowed", refused: false });
  });

  const UNREACHABLE = {
    message: "the second daemon's SOCKS port cannot be reached",
    refused: false,
  };
  test.each<[string, (Buffer | undefined)[]]>([
    ["wants a password", [bytes(5, 2)]],
    ["speaks SOCKS4", [bytes(0, 90)]],
    ["ends after the greeting", [undefined]],
    ["ends instead of a reply", [NO_AUTHENTICATION, undefined]],
    ["replies in another version", [NO_AUTHENTICATION, bytes(4, 0, 0, 1, 0, 0, 0, 0, 0, 0)]],
    ["replies with an address of another type", [NO_AUTHENTICATION, bytes(5, 0, 0, 9, 0, 0, 0, 0, 0, 0)]],
  ])("is no use when the proxy %s", async (_what, says) => {
    expect(await failureOf(dialThrough((await proxy(...says)).open, "name.invalid", 30_000)(3000))).toEqual(
      UNREACHABLE,
    );
  });

  test("gives up on a way to the proxy that opens too late, and closes it then", async () => {
    let opened: (socket: Duplex) => void = () => undefined;
    const dial = dialThrough(() => new Promise((resolve) => (opened = resolve)), "name.invalid", 60);
    expect(await failureOf(dial(3000))).toEqual({ message: "no connection within the time allowed", refused: false });
    const late = new PassThrough();
    opened(late);
    await vi.waitFor(() => expect(late.destroyed).toBe(true));
  });

  test("says so when there is no proxy", async () => {
    const gone = await proxy();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await failureOf(dialThrough(gone.open, "name.invalid", 30_000)(3000))).toEqual(UNREACHABLE);
  });
});

describe("patience", () => {
  test("tries again until it works", async () => {
    const connected = {} as never;
    let tries = 0;
    const dial = () => (++tries < 3 ? Promise.reject(new DoorError("not yet")) : Promise.resolve(connected));
    expect(await dialPatiently(dial, 3000, 60_000, 1)).toBe(connected);
    expect(tries).toBe(3);
  });

  test("ends at the deadline with the last reason", async () => {
    let tries = 0;
    const dial = () => Promise.reject(new DoorError(`try ${++tries}`));
    const { message } = await failureOf(dialPatiently(dial, 3000, 500, 1));
    expect(message).toBe(`try ${tries}`);
    expect(tries).toBeGreaterThan(1);
  });
});

describe("a service that wants another key than the daemon has", () => {
  const dialling = (...replies: number[]) => {
    let tries = 0;
    const dial = () => Promise.reject(new DoorError(`try ${tries + 1}`, replies[tries++] ?? 0xf0));
    return dialPatiently(dial, 3000, 60_000, 1);
  };

  test.each([
    ["no key", [0xf4, 0xf4, 0xf4], 3],
    ["a wrong key", [0xf5, 0xf5, 0xf5], 3],
    ["no descriptor at first", [0xf0, 0xf5, 0xf0, 0xf4, 0xf5], 5],
  ])("is given up after three such replies, long before the deadline: %s", async (_, replies, tries) => {
    expect(await failureOf(dialling(...replies))).toMatchObject({ message: `try ${tries}`, reply: replies.at(-1) });
  });
});
