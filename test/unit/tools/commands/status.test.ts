import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, it } from "vitest";
import { configuredTowns } from "../../../../tools/commands/status";

it.each([
  ["the declared ones", "{ home: { nodeId: g.home }, secure: { nodeId: g.secure } }", ["home", "secure"]],
  ["none where they are encrypted", '{ secure: "v1:c2VjcmV0:c2VjcmV0" }', []],
  ["none where nothing can be read", '"no JSON"', []],
])("the towns of a config file are %s", (_, towns, names) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-status-"));
  try {
    fs.writeFileSync(path.join(folder, "Pulumi.dev.yaml"), `config:\n  town-ator:towns: ${towns}\n`);
    expect(configuredTowns("dev", folder)).toEqual(names);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
