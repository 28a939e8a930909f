import { describe, expect, it, test } from "vitest";
import type { Deployment } from "../../../../tools/pulumi/pulumi";
import { configProblem, NEW_WITH_PASSPHRASE, stateProblem } from "../../../../tools/pulumi/sealed";

const MARK = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const sealed = { ...MARK, ciphertext: "v1:c6E8xZoYGDgjiEDY:4MMLuawP" };

/** A state as Pulumi writes it, less what nobody asks for. */
function stateWith(result: unknown, type: string | null = "passphrase") {
  return {
    manifest: { version: "v3.259.0" },
    ...(type === null ? {} : { secrets_providers: { type, state: { salt: "v1:x:y" } } }),
    resources: [
      { urn: "urn:pulumi:dev::town-ator::pulumi:pulumi:Stack::town-ator-dev", type: "pulumi:pulumi:Stack" },
      {
        urn: "urn:pulumi:dev::town-ator::a$random:index/randomPassword:RandomPassword::home-identity-seed",
        type: "random:index/randomPassword:RandomPassword",
        outputs: { length: 43, result },
      },
    ],
  };
}

describe("a state", () => {
  it.each([
    ["with encrypted secrets", stateWith(sealed), "a passphrase"],
    ["of another provider, whatever the passphrase", stateWith(sealed, "awskms"), ""],
    ["of a service", stateWith(sealed, "service"), undefined],
    ["that has nothing in it", { manifest: {} }, undefined],
    ["of a stack that is new", NEW_WITH_PASSPHRASE, "a passphrase"],
    ["that there is not", undefined, undefined],
    ["where a secret is not made yet", stateWith(undefined), "a passphrase"],
  ])("%s is taken", (_what, state, passphrase) => {
    expect(stateProblem(state as Deployment | undefined, passphrase)).toBeUndefined();
  });

  it.each([
    ["without a secrets provider", stateWith(sealed, null), /^has no secrets provider in its state/],
    ["with a provider of no name", stateWith(sealed, ""), /^has no secrets provider in its state/],
    ["with base64 for a provider", stateWith(sealed, "b64"), /^has no secrets provider in its state/],
    ["with a plain text", stateWith("plain-secret"), /^has the secret home-identity-seed in plain text/],
    [
      "with a plain secret",
      stateWith({ ...MARK, plaintext: '"plain-secret"' }),
      /^has the secret home-identity-seed in/,
    ],
    ["with a ciphertext without its mark", stateWith({ ciphertext: "v1:x" }), /^has the secret home-identity-seed in/],
  ])("%s is refused, in one line that does not repeat it", (_what, state, problem) => {
    const said = stateProblem(state, "a passphrase");
    expect(said).toMatch(problem);
    expect(said).toContain("pulumi stack change-secrets-provider passphrase --stack <stack>");
    expect(said).not.toMatch(/plain-secret|\n/);
  });

  test.each([[stateWith(sealed)], [NEW_WITH_PASSPHRASE]])("with an empty passphrase is refused", (state) => {
    expect(stateProblem(state, "")).toMatch(/^would be encrypted with an empty passphrase.*PULUMI_CONFIG_PASSPHRASE/);
  });
});

describe("a config", () => {
  it.each([
    ["without secrets", "config:\n  town-ator:towns: { home: { nodeId: g.home } }\n"],
    ["without anything", ""],
    ["with a whole value encrypted", "config:\n  town-ator:invites:\n    secure: v1:x:y\n"],
    ["with each value encrypted", "config:\n  town-ator:secrets:\n    home:\n      g.bob: { secure: v1:x:y }\n"],
    ["with an empty map", "config:\n  town-ator:tokens: {}\n"],
    ["that is no YAML, which Pulumi explains", "config: {"],
  ])("%s is taken", (_what, text) => {
    expect(configProblem(text)).toBeUndefined();
  });

  it.each([
    ["config:\n  town-ator:secrets:\n    home:\n      g.bob: plain-secret\n", "town-ator:secrets.home.g.bob"],
    ["config:\n  town-ator:identities:\n    home:\n      1: plain-secret\n", "town-ator:identities.home.1"],
    ["config:\n  town-ator:tokens: plain-secret\n", "town-ator:tokens"],
    ["config:\n  docker:registryAuth:\n    - password: plain-secret\n", "docker:registryAuth.0.password"],
    [
      "config:\n  docker:registryAuth:\n    - address: plain-secret\n      password: { secure: v1:x:y }\n",
      "docker:registryAuth.0.address",
    ],
    [
      "config:\n  town-ator:invites:\n    home:\n      g.a: { secure: v1:x:y }\n      g.b: plain-secret\n",
      "town-ator:invites.home.g.b",
    ],
    ["config:\n  town-ator:secrets:\n    secure: { home: plain-secret }\n", "town-ator:secrets.secure.home"],
    [
      "config:\n  town-ator:secrets:\n    home: { secure: v1:x:y, g.bob: plain-secret }\n",
      "town-ator:secrets.home.secure",
    ],
  ])("%j is refused, and the line says where and not what", (text, where) => {
    const said = configProblem(text);
    expect(said).toMatch(new RegExp(`^has ${where.replaceAll(".", "\\.")} in plain text`));
    expect(said).not.toMatch(/plain-secret|\n/);
  });
});
