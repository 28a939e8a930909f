import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { settingsJsonSchema, settingsReference } from "../../../tools/dev/reference/settings";
import { BAD_CONFIG } from "../../badConfig";

const ROOT = path.join(__dirname, "..", "..", "..");
const STACKS = [
  "Pulumi.dev.yaml",
  "Pulumi.two-homes.yaml",
  "examples/staging/Pulumi.staging.yaml",
  "examples/prod/Pulumi.prod.yaml",
];
const editor = z.fromJSONSchema(settingsJsonSchema() as z.core.JSONSchema.JSONSchema);
const problems = (text: string) =>
  editor.safeParse(parse(text)).error?.issues.map(({ path: [, ...at] }) => at.join(".")) ?? [];

describe("the schema for editors", () => {
  it.each(STACKS)("is named by %s", (file) => {
    const [, schema = ""] =
      /^# yaml-language-server: \$schema=(.*)\n/.exec(fs.readFileSync(path.join(ROOT, file), "utf8")) ?? [];
    expect(fs.existsSync(path.join(ROOT, path.dirname(file), schema)), schema).toBe(true);
  });

  it.each(STACKS)("accepts %s", (file) => {
    expect(problems(fs.readFileSync(path.join(ROOT, file), "utf8"))).toEqual([]);
  });

  it("accepts encrypted secrets, booleans and keys that are not ours", () => {
    const ours = "  town-ator:towns: { home: { nodeId: g.home } }\n  town-ator:keep: true\n";
    expect(problems(`config:\n${ours}  town-ator:tokens: { secure: v1:x }\n  docker:host: unix:///x\n`)).toEqual([]);
  });

  it("finds what the program would refuse: unknown keys, other values, missing ones", () => {
    expect(problems(BAD_CONFIG)).toEqual(
      expect.arrayContaining(["town-ator:network", "town-ator:towns.home.access", "town-ator:towns.home.nodeId"]),
    );
    expect(problems("config: { town-ator:netwrok: local, town-ator:towns: { home: { nodeId: g.home } } }")).not.toEqual(
      [],
    );
  });

  it("says of every setting what it means", () => {
    expect(settingsReference()).not.toMatch(/\| *\|\n/);
  });
});
