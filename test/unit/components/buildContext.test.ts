import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildContext } from "../../../components/docker/buildContext";

const [ONE, TWO] = ["1".repeat(64), "2".repeat(64)] as [string, string];

let project: string;
beforeEach(() => (project = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-contexts-"))));
afterEach(() => fs.rmSync(project, { recursive: true }));

const images = () => path.join(project, ".town-ator", "images");
const fill = (target: string) => fs.writeFileSync(path.join(target, "Dockerfile"), "FROM scratch\n");
const made = (hash: string, name = "anon") => buildContext(project, name, hash, fill);
/** Makes something look as if no run had used it for two hours. */
function age(name: string): void {
  const then = new Date(Date.now() - 2 * 60 * 60 * 1000);
  fs.utimesSync(path.join(images(), name), then, then);
}

describe("a build context", () => {
  it("leaves nothing behind when it cannot be put together", () => {
    const fail = (target: string) => {
      fill(target);
      throw new Error("no room");
    };
    expect(() => buildContext(project, "anon", ONE, fail)).toThrow("no room");
    expect(fs.readdirSync(images())).toEqual([]);
  });

  it("is the same for two runs that put it together at once", () => {
    let other: unknown;
    const meanwhile = (target: string) => {
      fill(target);
      other = made(ONE);
    };
    const context = buildContext(project, "anon", ONE, meanwhile);
    expect(context).toEqual({ path: path.join(".town-ator", "images", "anon-111111111111"), hash: ONE });
    expect(other).toEqual(context);
    expect(fs.readdirSync(images())).toEqual(["anon-111111111111"]);
    expect(fs.readdirSync(path.join(project, context.path))).toEqual(["Dockerfile"]);
  });

  it("leaves that of another hash, from which a run may still build", () => {
    made(ONE);
    age("anon-111111111111");
    made(ONE);
    made(TWO);
    expect(fs.readdirSync(images())).toEqual(["anon-111111111111", "anon-222222222222"]);
  });

  it("removes those of its name that no run has used for an hour, and those of earlier versions", () => {
    made(ONE);
    made(ONE, "connector");
    fs.mkdirSync(path.join(images(), "anon"));
    fs.writeFileSync(path.join(images(), "anon.hash"), ONE);
    fs.readdirSync(images()).forEach(age);
    made(TWO);
    expect(fs.readdirSync(images())).toEqual(["anon-222222222222", "connector-111111111111"]);
  });
});
