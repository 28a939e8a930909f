import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { presentThrough } from "../../../../tools/verify/halves";
import type { KeyRing } from "../../../../tools/verify/keyRing";
import { startFakeConnector, type FakeConnector } from "./fakeConnector";
import { ADDRESS, inviteOf } from "./fakeStack";

const servers: Server[] = [];
const connectors: FakeConnector[] = [];
afterEach(async () => {
  await Promise.all(connectors.splice(0).map((connector) => connector.close()));
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A SOCKS5 proxy that connects every request to a fake connector which lets g.home in with `token`. */
async function proxyTo(token: string) {
  const connector = await startFakeConnector({ "g.home": token });
  connectors.push(connector);
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write(Buffer.from([5, 0]));
      socket.once("data", () => {
        socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        const inner = connect(connector.port, "127.0.0.1").on("error", () => undefined);
        inner.on("close", () => socket.destroy());
        socket.pipe(inner).pipe(socket);
      });
    });
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return () => Promise.resolve(connect(port, "127.0.0.1"));
}

function ringWith(...hosts: string[]) {
  const given: string[] = [];
  const ring: KeyRing = {
    has: (host) => hosts.includes(host),
    give: (host, key) => Promise.resolve(void given.push(`${host} ${key}`)),
    take: () => Promise.resolve(),
  };
  return { ring, given };
}

const invite = inviteOf("g.bob", "g.home");
const KEY = "A".repeat(52);

test.each([
  [
    "with a key for a service that has none yet is preceded by the key",
    { ...invite, key: KEY },
    [],
    [`${ADDRESS} ${KEY}`],
  ],
  ["with a key for a service that has one already leaves that as it is", { ...invite, key: KEY }, [ADDRESS], []],
  ["without a key needs none", invite, [], []],
])("a claim by an invite %s", async (_, by, hosts, expected) => {
  const { ring, given } = ringWith(...hosts);
  const present = presentThrough(await proxyTo(invite.token), ring);
  expect(await present(by, { peerId: "g.home", token: invite.token })).toEqual({ kind: "accepted" });
  expect(given).toEqual(expected);
});
