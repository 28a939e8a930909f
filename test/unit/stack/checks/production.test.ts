import { describe, expect, test } from "vitest";
import { expectRefused, problems } from "../configs";

const DIGEST = `registry.example/anon@sha256:${"0".repeat(64)}`;
const town = { nodeId: "g.home" };
const PRODUCTION = {
  environment: "production",
  network: "public",
  images: { anon: DIGEST },
  towns: { home: town },
};

describe("a stack for production", () => {
  test("is accepted with published images on the public network", () => {
    expect(problems(PRODUCTION)).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    [
      "a local network",
      { ...PRODUCTION, network: "local" },
      "town-ator:network: must be public when town-ator:environment is production: nobody else reaches a local network",
    ],
    [
      "data that do not outlive it",
      { ...PRODUCTION, keep: "false" },
      "town-ator:keep: must be true when town-ator:environment is production",
    ],
    [
      "the anon image that is built by default",
      { ...PRODUCTION, images: {} },
      "town-ator:images.anon: must be a published image by digest, name@sha256:<64 hex digits>, when town-ator:environment is production",
    ],
    [
      "the development connector, in the words of the public network",
      { ...PRODUCTION, images: { anon: DIGEST, connector: "build" } },
      "town-ator:images.connector: must be a published image by digest when town-ator:network is public",
    ],
    [
      "the development relay, in the words of the public network",
      { ...PRODUCTION, images: { anon: DIGEST, relay: "build" } },
      "town-ator:images.relay: must be a published image by digest when town-ator:network is public",
    ],
    [
      "a town that lets strangers in",
      { ...PRODUCTION, towns: { home: { ...town, access: "permissionless" } } },
      "town-ator:towns.home.access: must be permissioned when town-ator:environment is production",
    ],
    [
      "a town without ATOR",
      { ...PRODUCTION, towns: { home: { ...town, transport: "direct" } } },
      "town-ator:towns.home.transport: must be socks5 when town-ator:environment is production",
    ],
  ])("is refused with %s", (_case, settings, line) => expectRefused(settings, line));

  test("is told everything at once, whatever else is wrong", () => {
    const towns = {
      a: { ...town, access: "permissionless", logLevel: "loud" },
      b: { nodeId: "b", transport: "direct" },
    };
    const images = { connector: "build" };
    const lines = problems({ environment: "production", network: "local", keep: "false", images, towns });
    expect(lines.map((line) => line.slice("town-ator:".length, line.indexOf(": ")))).toEqual([
      "images.anon",
      "images.connector",
      "keep",
      "network",
      "towns.a.access",
      "towns.a.logLevel",
      "towns.b.transport",
    ]);
  });
});

test.each(["development", "staging"])("a stack for %s may do what production may not", (environment) => {
  const home = { ...town, access: "permissionless" };
  expect(problems({ environment, keep: "false", towns: { home } })).toEqual([]);
});

test("an unknown environment is refused", () => {
  expectRefused(
    { environment: "prod", towns: { home: town } },
    "town-ator:environment: must be one of development, staging, production",
  );
});
