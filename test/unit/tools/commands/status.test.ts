import { expect, it } from "vitest";
import { configuredTowns } from "../../../../tools/commands/status";

it.each([
  ["the declared ones", '{"home":{"nodeId":"g.home"},"secure":{"nodeId":"g.secure"}}', ["home", "secure"]],
  ["none where they are encrypted", '{"secure":"v1:c2VjcmV0:c2VjcmV0"}', []],
  ["none where nothing can be read", "no JSON", []],
  ["none where the key has no value", "null", []],
  ["none where the config has no such key", undefined, []],
])("the towns of a config file are %s", (_, text, names) => {
  expect(configuredTowns({ ...(text !== undefined && { "town-ator:towns": text }) })).toEqual(names);
});
