import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { directDoor } from "../../../../tools/verify/atTheDoor";
import type { ConnectorWords } from "../../../../tools/verify/connectorWords";

const words = {} as ConnectorWords;
const townAt = (url?: string) => ({
  nodeId: "g.home",
  access: "permissioned" as const,
  containers: { connector: "c" },
  ...(url && { url }),
  peers: {},
  secrets: {},
});
const firstOf = async (url: string, elsewhere: boolean) => directDoor(townAt(url), [], words, elsewhere)[0]!.run();

describe("the door of a town without ATOR", () => {
  it("is none where it is published nowhere", () => {
    expect(directDoor(townAt(), [], words, false)).toEqual([]);
  });

  it("on loopback is tried here if the Docker host is this machine, and else not at all", async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await firstOf(url, false)).toEqual({ result: "passed", detail: "" });
      expect(directDoor(townAt(url), [], words, true)).toHaveLength(1);
      expect(await firstOf(url, true)).toEqual({
        result: "skipped",
        detail: "it is published on the Docker host's loopback: run `make verify` there",
      });
    } finally {
      server.close();
    }
  });

  it("on another address is tried from here, wherever the Docker host is", () => {
    expect(directDoor(townAt("ws://10.8.0.1:3000"), [], words, true).length).toBeGreaterThan(1);
  });
});
