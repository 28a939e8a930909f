import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectorContext } from "../../../stack/connectorContext";

const PROJECT = path.join(__dirname, "../../..");

let project: string;

beforeEach(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-contexts-"));
  fs.cpSync(path.join(PROJECT, "images"), path.join(project, "images"), { recursive: true });
  fs.copyFileSync(path.join(PROJECT, "package-lock.json"), path.join(project, "package-lock.json"));
});
afterEach(() => fs.rmSync(project, { recursive: true }));

describe("the context of the connector image", () => {
  it("holds the connector as one file, and the daemon", () => {
    fs.symlinkSync(path.join(PROJECT, "node_modules"), path.join(project, "node_modules"));
    const { path: folder } = connectorContext(project);
    expect(fs.readdirSync(path.join(project, folder)).sort()).toEqual(["Dockerfile", "anon", "main.js"]);
    expect(fs.readFileSync(path.join(project, folder, "main.js"), "utf8")).toContain("connector_ready");
  });
});
