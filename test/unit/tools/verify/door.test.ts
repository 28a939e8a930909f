import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { dialPatiently, dialThrough, DoorError } from "../../../../tools/verify/door";

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A SOCKS5 proxy that answers every request with `reply`, or not at all; `asked` gets the requests. */
async function proxy(reply: number | undefined, asked: Buffer[] = []) {
  const server = createServer((socket) => {
    socket.once("data", () => {
      socket.write(Buffer.from([5, 0]));
      socket.once("data", (request) => {
        asked.push(request);
        if (reply !== undefined) socket.write(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
      });
    });
    socket.on("error", () => undefined);
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

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
  test("hands the name to the proxy and resolves nothing itself", async () => {
    const asked: Buffer[] = [];
    const socket = await dialThrough(await proxy(0, asked), "name.invalid", 1000)(3000);
    socket.destroy();
    // Version 5, CONNECT, reserved, address type 3 (a name), its length, the name, port 3000.
    expect(asked[0]?.toString("latin1")).toBe("\x05\x01\x00\x03\x0cname.invalid\x0b\xb8");
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
    const dial = dialThrough(await proxy(reply), "name.invalid", 1000);
    expect(await failureOf(dial(3000))).toEqual({ message, refused, reply });
  });

  test("gives up on a proxy that does not answer", async () => {
    const dial = dialThrough(await proxy(undefined), "name.invalid", 50);
    expect(await failureOf(dial(3000))).toEqual({ message: "no connection within the time allowed", refused: false });
  });

  test("says so when there is no proxy", async () => {
    const gone = await proxy(0);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await failureOf(dialThrough(gone, "name.invalid", 1000)(3000))).toEqual({
      message: "the second daemon's SOCKS port cannot be reached from this machine",
      refused: false,
    });
  });
});

describe("patience", () => {
  test("tries again until it works", async () => {
    const connected = {} as never;
    let tries = 0;
    const dial = () => (++tries < 3 ? Promise.reject(new DoorError("not yet", false)) : Promise.resolve(connected));
    expect(await dialPatiently(dial, 3000, 1000, 1)).toBe(connected);
    expect(tries).toBe(3);
  });

  test("ends at the deadline with the last reason", async () => {
    let tries = 0;
    const dial = () => Promise.reject(new DoorError(`try ${++tries}`, false));
    const { message } = await failureOf(dialPatiently(dial, 3000, 20, 5));
    expect(message).toBe(`try ${tries}`);
    expect(tries).toBeGreaterThan(1);
  });
});

describe("a service that wants another key than the daemon has", () => {
  const dialling = (...replies: number[]) => {
    let tries = 0;
    const dial = () => Promise.reject(new DoorError(`try ${tries + 1}`, false, replies[tries++] ?? 0xf0));
    return dialPatiently(dial, 3000, 200, 1);
  };

  test.each([
    ["no key", [0xf4, 0xf4, 0xf4], 3],
    ["a wrong key", [0xf5, 0xf5, 0xf5], 3],
    ["no descriptor at first", [0xf0, 0xf5, 0xf0, 0xf4, 0xf5], 5],
  ])("is given up after three such replies, long before the deadline: %s", async (_, replies, tries) => {
    expect(await failureOf(dialling(...replies))).toMatchObject({ message: `try ${tries}`, reply: replies.at(-1) });
  });
});
