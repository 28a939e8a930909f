import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { ConfigurationError, loadConnectorConfig } from "../../../../images/connector/src/config";
import { envWith, GOOD, REFUSED, SILENT, yamlWith, type Case } from "./cases";
import { brokenRules, LOADER_RULES, NO_MAP, NO_YAML, SILENT_RULES } from "./rules";

/** The names of the rules that a file breaks, each once. */
function names(yaml: string, env: Record<string, string | undefined>): string[] {
  return [...new Set(brokenRules(yaml, env).map((line) => line.split(": ")[0]!))];
}

/** The loader's own rules among those, which are what it stops at; silent ones may be broken by the same fault. */
const ofLoader = (broken: readonly string[]): string[] =>
  broken.filter((name) => LOADER_RULES.some((rule) => rule.name === name));

describe("every rule of the connector's configuration", () => {
  test("has a case that breaks it, and no other rule has one", () => {
    expect([...new Set(REFUSED.map(([rule]) => rule))].sort()).toEqual(LOADER_RULES.map(({ name }) => name).sort());
    expect([...new Set(SILENT.map(([rule]) => rule))].sort()).toEqual(SILENT_RULES.map(({ name }) => name).sort());
  });

  test.each<Case>(REFUSED)("that the loader minds is broken alone: %s, by %j under %j", (rule, overrides, env) => {
    const yaml = yamlWith(overrides);
    expect(ofLoader(names(yaml, envWith(env)))).toEqual([rule]);
    expect(() => loadConnectorConfig(yaml, envWith(env))).toThrow(ConfigurationError);
  });

  test.each<Case>(SILENT)(
    "that nobody minds is broken alone, and the loader takes it: %s, by %j under %j",
    (rule, overrides, env) => {
      const yaml = yamlWith(overrides);
      expect(names(yaml, envWith(env))).toEqual([rule]);
      expect(loadConnectorConfig(yaml, envWith(env)).nodeId).toBe("g.home");
    },
  );

  test.each<Case>(GOOD)("is kept by a configuration with %s", (_what, overrides, env) => {
    const yaml = yamlWith(overrides);
    const kept = { ...envWith(env), ...(overrides["logLevel"] === undefined && { LOG_LEVEL: "info" }) };
    expect(brokenRules(yaml, kept)).toEqual([]);
    expect(loadConnectorConfig(yaml, kept).nodeId).toBe("g.home");
  });
});

test.each([
  ["a tab", "nodeId:\n\t- x", NO_YAML],
  ["a bracket that stays open", "peers: [", NO_YAML],
  ["one key twice", `${yamlWith({})}nodeId: other\n`, NO_YAML],
  ["nothing", "", NO_MAP],
  ["a text", "nodeId", NO_MAP],
  ["a list", stringify([{ nodeId: "g.home" }]), NO_MAP],
])("a file of %s is refused by both", (_what, yaml, rule) => {
  expect(brokenRules(yaml, envWith())).toEqual([rule]);
  expect(() => loadConnectorConfig(yaml, envWith())).toThrow(ConfigurationError);
});

test("what breaks a rule is said without its value", () => {
  const url = `ws://user:hunter22@${"a".repeat(56)}.anon`;
  expect(brokenRules(yamlWith({ peers: [{ id: "g.bob", url, authToken: "hunter22" }] }), envWith())).toEqual([
    "a peer's url is ws:// or wss:// and ends in a port, with nothing after it: peers[0]",
    "a peer's url is a host and a port from 1 to 65535, and nothing else: peers[0]",
  ]);
});
