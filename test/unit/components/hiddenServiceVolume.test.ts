import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import { deriveIdentity, identityOfSeed } from "../../../components/core/identity";
import { parseInvite } from "../../../components/core/invite";
import { find, keepTestsApart, type Recorded, redacted, value } from "../../mocks";
import { built, container, IDENTITY, ONE_TOWN, SEED, uploads, volumesOf } from "../../oneTown";

/** What the spy below sees of a component. */
interface Registrar {
  registerOutputs(outputs?: Record<string, unknown>): void;
}

describe("the identity", async () => {
  keepTestsApart();
  const { resources, outputs } = await built();
  const job = container(resources, "home-identity-key-file");

  it("is offered to the volume as the key file that follows from the seed", () => {
    const offered = uploads(job);
    expect(offered).toEqual({
      "/keys/.offered-key-1": IDENTITY.secretKeyFile.toString("base64"),
      "/keys/.offered-fingerprint-1": `${IDENTITY.fingerprint}\n`,
    });
    expect(volumesOf(job)).toEqual([
      { volumeName: "town-ator-dev-home-keys", containerPath: "/keys" },
      { volumeName: "town-ator-dev-home-sidecar-data", containerPath: "/data" },
    ]);
  });

  it("is known before anything starts, the address as a secret and the fingerprint in the open", async () => {
    const { anonUrl, fingerprint } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${IDENTITY.address}:3000`);
    expect(await pulumi.isSecret(anonUrl)).toBe(true);
    expect(await pulumi.isSecret(outputs.anonUrl!)).toBe(true);
    expect(await value(fingerprint)).toBe(IDENTITY.fingerprint);
    expect(await pulumi.isSecret(fingerprint)).toBe(false);
  });

  it("is known by no plain word in an anonymous stack, neither in outputs, state nor anything that is deployed", async () => {
    const registered = vi.spyOn(pulumi.ComponentResource.prototype as unknown as Registrar, "registerOutputs");
    try {
      const moving = { home: { ...ONE_TOWN.home, identity: { current: 2, previous: 1 } } };
      const { resources, outputs } = await built(moving, { "town-ator:anonymous": "true" });
      const { fingerprint, previous } = outputs.towns["home"]!;
      for (const one of [fingerprint, previous!.fingerprint]) {
        expect(await value(one)).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
        expect(await pulumi.isSecret(one)).toBe(true);
      }
      const identities = registered.mock.calls.flatMap(([given]) => given?.["identities"] ?? []);
      expect(identities).toHaveLength(1);
      expect(await pulumi.isSecret(identities[0] as pulumi.Output<unknown>)).toBe(true);
      expect(JSON.stringify(resources.map(({ inputs }) => redacted(inputs)))).not.toContain(IDENTITY.fingerprint);
    } finally {
      registered.mockRestore();
    }
  });

  it("outlives the stack on the public network and not on a local one, whose addresses mean nothing without it", async () => {
    const { resources: published } = await built(ONE_TOWN, { "town-ator:network": "public" });
    const { resources: asked } = await built(ONE_TOWN, { "town-ator:keep": "true" });
    const kept = (from: Recorded[]) =>
      from.filter(({ options }) => options.protect).map(({ name, type }) => `${type.split(":").pop()} ${name}`);
    expect(kept(resources)).toEqual([]);
    expect(kept(published).sort()).toEqual([
      "RandomPassword home-identity-seed",
      "Volume home-connector-data",
      "Volume home-identity-guards",
      "Volume home-identity-keys",
    ]);
    expect(kept(asked).sort()).toEqual(kept(published).sort());
    expect(
      published.filter(({ type, options }) => type.endsWith(":Volume") && options.protect && !options.retainOnDelete),
    ).toEqual([]);
  });
});

describe("a town that moves to another address", () => {
  keepTestsApart();
  const second = identityOfSeed(SEED, 2);
  const moving = (identity: object) => built({ home: { ...ONE_TOWN.home, identity } });

  it("announces the next one: published, in the outputs and in invites, beside the current one", async () => {
    const { resources, outputs } = await moving({ current: 1, next: 2 });
    const { anonUrl, next, previous, invites } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${IDENTITY.address}:3000`);
    expect(await value(next!.anonUrl)).toBe(`ws://${second.address}:3000`);
    expect(await pulumi.isSecret(next!.anonUrl)).toBe(true);
    expect(await value(next!.fingerprint)).toBe(second.fingerprint);
    expect(previous).toBeUndefined();
    const { url, nextUrl } = parseInvite(await value(invites["g.visitor"]!));
    expect([url, nextUrl]).toEqual([IDENTITY, second].map(({ address }) => `ws://${address}:3000`));
    const files = uploads(container(resources, "home-sidecar-files"));
    expect(files["/files/anonrc"]!.match(/HiddenServiceDir .*/g)).toEqual([
      "HiddenServiceDir /keys/hs-1",
      "HiddenServiceDir /keys/hs-2",
    ]);
    expect(files["/files/identity"]!.split("\n").map((line) => line.split(" ")[2])).toEqual([
      IDENTITY.fingerprint,
      second.fingerprint,
      undefined,
    ]);
    const job = container(resources, "home-identity-key-file");
    expect(job.inputs["command"]).toEqual(["sidecar", "1", "2"]);
    expect(Object.keys(uploads(job))).toEqual([
      "/keys/.offered-key-1",
      "/keys/.offered-fingerprint-1",
      "/keys/.offered-key-2",
      "/keys/.offered-fingerprint-2",
    ]);
  });

  it("switches to it while the old one still answers, and the sidecar does not even restart for that", async () => {
    const announced = await moving({ current: 1, next: 2 });
    const { resources, outputs } = await moving({ current: 2, previous: 1 });
    const { anonUrl, next, previous, invites } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${second.address}:3000`);
    expect(await value(previous!.fingerprint)).toBe(IDENTITY.fingerprint);
    expect(next).toBeUndefined();
    expect(parseInvite(await value(invites["g.visitor"]!))).not.toHaveProperty("nextUrl");
    const filesOf = (from: Recorded[]) => uploads(container(from, "home-sidecar-files"));
    expect(filesOf(resources)).toEqual(filesOf(announced.resources));
    const sidecar = (from: Recorded[]) => container(from, "home-sidecar-daemon").inputs;
    expect(sidecar(resources)).toEqual(sidecar(announced.resources));
  });

  it("has one seed for all addresses, and publishes a retired one no more", async () => {
    const { resources } = await moving({ current: 2 });
    expect(resources.filter(({ name }) => name.includes("-seed")).map(({ name }) => name)).toEqual([
      "home-identity-seed",
    ]);
    expect(uploads(container(resources, "home-sidecar-files"))["/files/identity"]).toContain(second.fingerprint);
    expect(uploads(container(resources, "home-sidecar-files"))["/files/identity"]).not.toContain(IDENTITY.fingerprint);
  });
});

describe("a town with an adopted key", () => {
  keepTestsApart();
  const key = deriveIdentity(Buffer.alloc(32, 9));
  const adopted = { "town-ator:identities": JSON.stringify({ home: { 1: key.secretKeyFile.toString("base64") } }) };

  it("has the address of that key, and a seed all the same, which nothing may delete", async () => {
    const { resources, outputs } = await built(ONE_TOWN, adopted);
    expect(await value(outputs.anonUrl!)).toBe(`ws://${key.address}:3000`);
    expect(await pulumi.isSecret(outputs.anonUrl!)).toBe(true);
    expect(uploads(container(resources, "home-identity-key-file"))["/keys/.offered-key-1"]).toBe(
      key.secretKeyFile.toString("base64"),
    );
    expect(find(resources, "RandomPassword", "home-identity-seed").type).toContain("random:");
  });
});

describe("a town with a given seed", () => {
  keepTestsApart();
  const seed = Buffer.alloc(32, 9);
  const given = { "town-ator:identities": JSON.stringify({ home: { seed: seed.toString("base64") } }) };

  it("has the addresses of that seed, and keeps the one in the state", async () => {
    const { resources, outputs } = await built({ home: { ...ONE_TOWN.home, identity: { next: 2 } } }, given);
    const { anonUrl, next } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${identityOfSeed(seed, 1).address}:3000`);
    expect(await value(next!.anonUrl)).toBe(`ws://${identityOfSeed(seed, 2).address}:3000`);
    expect(await pulumi.isSecret(anonUrl)).toBe(true);
    expect(resources.filter(({ name }) => name.includes("-seed")).map(({ name }) => name)).toEqual([
      "home-identity-seed",
    ]);
  });
});
