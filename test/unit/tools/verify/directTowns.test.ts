import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { directDoor, presentDirectly } from "../../../../tools/verify/atTheDoor";
import type { ConnectorWords, Redial } from "../../../../tools/verify/connectorWords";
import { explainHalves } from "../../../../tools/verify/halves";
import { directPeerings } from "../../../../tools/verify/peerings";
import { startFakeConnector } from "./fakeConnector";

const words = {} as ConnectorWords;
const townAt = (url?: string) => ({
  nodeId: "g.home",
  access: "permissioned" as const,
  containers: { connector: "c" },
  ...(url && { url }),
  peers: {},
  secrets: {},
});
const firstOf = async (url: string, elsewhere: boolean) =>
  directDoor(townAt(url), [], words, "prod", elsewhere)[0]!.run();

describe("the door of a town without ATOR", () => {
  it("is none where it is published nowhere", () => {
    expect(directDoor(townAt(), [], words, "prod", false)).toEqual([]);
  });

  it("on loopback is tried here if the Docker host is this machine, and else not at all", async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await firstOf(url, false)).toEqual({ result: "passed", detail: "" });
      expect(directDoor(townAt(url), [], words, "prod", true)).toHaveLength(1);
      expect(await firstOf(url, true)).toEqual({
        result: "skipped",
        detail: "it is published on the Docker host's loopback: run `make verify STACK=prod` there",
      });
    } finally {
      server.close();
    }
  });

  it("on another address is tried from here, wherever the Docker host is", () => {
    expect(directDoor(townAt("ws://10.8.0.1:3000"), [], words, "prod", true).length).toBeGreaterThan(1);
  });
});

describe("why a peer of a town without ATOR is not connected", () => {
  const NOT_TRIED =
    "the outbound half was not tried: g.bob is dialled without ATOR, where perhaps only home can reach it";
  const waiting: Redial = { state: "waiting", why: "", attempts: 1, since: "2026-11-22T15:00:00.000Z" };

  /** The two halves of home, which dials g.bob and expects the token `right` of it. */
  function halves(url?: string, { elsewhere = false, redial = waiting } = {}): Promise<string[]> {
    const town = { ...townAt(url), peers: { "g.bob": "dialled" as const }, secrets: { "g.bob": "right" } };
    const [peering] = directPeerings("home", town);
    return explainHalves(peering!, { out: false, in: "no" }, redial, presentDirectly(town, "prod", elsewhere));
  }

  it.each([
    ["right", "the inbound half is right: home accepts the token that it gave g.bob"],
    ["another", "the inbound half is wrong: home refuses the token that it gave g.bob"],
  ])("is tried with the peer's token at the town's own address, where it expects the token %s", async (token, line) => {
    const home = await startFakeConnector({ "g.bob": token });
    try {
      expect(await halves(`ws://127.0.0.1:${home.port}`)).toEqual([NOT_TRIED, line]);
    } finally {
      await home.close();
    }
  });

  it("is known of the token that the peer refused", async () => {
    const [outbound] = await halves(undefined, { redial: { ...waiting, state: "refused" } });
    expect(outbound).toBe("the outbound half is wrong: g.bob refuses the token that home presents");
  });

  it("is not tried where the town is published nowhere, or on another machine's loopback", async () => {
    expect(await halves()).toEqual([
      NOT_TRIED,
      "the inbound half could not be tried: home is not reached, it is published nowhere",
    ]);
    expect((await halves("ws://127.0.0.1:3000", { elsewhere: true }))[1]).toBe(
      "the inbound half could not be tried: home is not reached, it is published on the Docker host's loopback: run `make verify STACK=prod` there",
    );
  });
});
