import { createPublicKey, createPrivateKey, diffieHellman } from "node:crypto";
import { describe, expect, it } from "vitest";
import { decodeBase32 } from "../../../components/core/base32";
import {
  authorizedClient,
  authorizedFiles,
  clientAuth,
  clientAuthFiles,
  discoveryKeyFromSecret,
} from "../../../components/core/discovery";
import { DISCOVERY_KEY } from "../../../components/core/peering";

const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";
const SECRET = "x".repeat(43);

describe("a discovery key", () => {
  it("follows from a secret, always the same and another for another secret", () => {
    // Computed once with Python's cryptography: HKDF-SHA256, then X25519.
    expect(discoveryKeyFromSecret(SECRET)).toEqual({
      privateKey: "TAHHU2XH2KZ4ETVBC6F5FZQETXDCF3VQQG7LMC3VTM3WGQYJB6VA",
      publicKey: "4UPSOPQJCGIAKQJQ7XNASV25UOGZFGYGWQ3TS4CUHKQ5SYEYCUNA",
    });
    expect(discoveryKeyFromSecret("y".repeat(43)).privateKey).not.toBe(discoveryKeyFromSecret(SECRET).privateKey);
  });

  it("has halves that belong together", () => {
    const { privateKey, publicKey } = discoveryKeyFromSecret(SECRET);
    const raw = (text: string) => decodeBase32(text.toLowerCase())!;
    const own = createPrivateKey({
      key: Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), raw(privateKey)]),
      format: "der",
      type: "pkcs8",
    });
    const spki = Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), raw(publicKey)]);
    const named = createPublicKey({ key: spki, format: "der", type: "spki" });
    expect(diffieHellman({ privateKey: own, publicKey: named })).toEqual(
      diffieHellman({ privateKey: own, publicKey: createPublicKey(own) }),
    );
    expect(privateKey).toMatch(DISCOVERY_KEY);
  });
});

describe("the files of onion client authorization", () => {
  const { privateKey, publicKey } = discoveryKeyFromSecret(SECRET);

  it("have the lines that the daemon reads", () => {
    expect(authorizedClient(publicKey)).toBe(`descriptor:x25519:${publicKey}\n`);
    expect(clientAuth(ADDRESS, privateKey)).toBe(`${ADDRESS.slice(0, 56)}:descriptor:x25519:${privateKey}\n`);
  });

  it("let in every peer and the operator, so that a restricted town without peers is not an open one", () => {
    expect(authorizedFiles([], "o".repeat(43))).toEqual({
      "authorized._operator.auth": authorizedClient(discoveryKeyFromSecret("o".repeat(43)).publicKey),
    });
    expect(Object.keys(authorizedFiles([{ peerId: "g.bob", secret: SECRET }], "o".repeat(43)))).toEqual([
      "authorized._operator.auth",
      "authorized.g.bob.auth",
    ]);
  });

  it("hold an invite's key for each of its addresses, and are none for an invite without", () => {
    const invite = { nodeId: "g.bob", peerId: "g.home", url: `ws://${ADDRESS}:3000`, token: SECRET };
    expect(clientAuthFiles("g.bob", invite)).toEqual({});
    expect(
      clientAuthFiles("g.bob", { ...invite, key: privateKey, nextUrl: `ws://${"b".repeat(56)}.anon:3000` }),
    ).toEqual({
      "client.g.bob.auth_private": clientAuth(ADDRESS, privateKey),
      "client.g.bob~next.auth_private": clientAuth(`${"b".repeat(56)}.anon`, privateKey),
    });
  });
});
