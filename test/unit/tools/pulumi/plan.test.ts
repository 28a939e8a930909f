import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { changesNothing, previewChanges } from "../../../../tools/pulumi/plan";

const state = { type: "docker:index/volume:Volume", outputs: { name: "keys" } };
const same = { op: "same", old: state, new: state };
const begins = (metadata: object) => ({ resourcePreEvent: { metadata } });
const ends = (metadata: object) => ({ resOutputsEvent: { metadata } });
const log = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
const idle = [begins({ ...same, new: { type: state.type } }), ends(same), { summaryEvent: {} }];

describe("a preview changes nothing", () => {
  it.each<[string, object[]]>([
    ["when each resource stays and puts out what it did", idle],
    ["when it reads another stack's outputs and they are as before", [...idle, begins({ ...same, op: "read" })]],
    ["when a resource has no outputs before and after", [ends({ op: "same", old: { outputs: null }, new: {} })]],
  ])("%s", (_, events) => {
    expect(changesNothing(log(...events))).toBe(true);
  });
});

describe("a preview changes something", () => {
  it.each<[string, object[]]>([
    ["when it creates a resource", [...idle, begins({ op: "create", old: null, new: state })]],
    ["when it deletes a resource", [...idle, begins({ op: "delete", old: state, new: null })]],
    ["when it replaces a resource", [...idle, begins({ ...same, op: "create-replacement" })]],
    ["when only an output changes", [...idle, ends({ ...same, new: { ...state, outputs: { name: "other" } } })]],
    ["when an output becomes secret", [...idle, ends({ ...same, new: { ...state, outputs: { name: "[secret]" } } })]],
    ["when a resource is protected from now on", [...idle, begins({ ...same, new: { ...state, protect: true } })]],
    ["when a resource will outlive the stack", [...idle, begins({ ...same, new: { ...state, retainOnDelete: true } })]],
    ["for all that one can tell, when it shows no step", [{ summaryEvent: {} }]],
  ])("%s", (_, events) => {
    expect(changesNothing(log(...events))).toBe(false);
  });
});

it("a preview leaves nothing behind", async () => {
  const directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"));
  const stream = async (args: readonly string[]) => {
    await fs.writeFile(args.at(-1)!, log(...idle));
    return { exitCode: 0, output: "" };
  };
  expect(await previewChanges({ stream }, directory)).toEqual({ exitCode: 0, output: "", changes: false });
  expect(await fs.readdir(directory)).toEqual([]);
  await fs.rmdir(directory);
});
