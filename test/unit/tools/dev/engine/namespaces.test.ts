import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { afterEach, beforeEach, expect, it } from "vitest";
import { inNamespaces, saveBaseImages } from "../../../../../tools/dev/engine/namespaces";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "namespaces-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** An Engine that has every image, and saves under a name only what it is asked for by a tag, as Docker does. */
function engine(asked: string[]): Docker {
  const getImage = (name: string) => ({
    inspect: () => Promise.resolve({}),
    tag: ({ repo, tag }: { repo: string; tag: string }) => Promise.resolve(asked.push(`${name} is ${repo}:${tag}`)),
    get: () => Promise.resolve(Readable.from([name.includes("@") ? "<none>" : name])),
    remove: () => Promise.resolve(asked.push(`${name} is gone`)),
  });
  return { getImage } as unknown as Docker;
}

it("saves base images with names, those too that are chosen by digest, and names them for the Engine inside", async () => {
  const asked: string[] = [];
  const anon = `debian:bookworm-slim@sha256:${"0".repeat(64)}`;
  const env = { TOWN_ATOR_ANON_BASE: anon, TOWN_ATOR_NODE_BASE: "own:1" };
  const names = {
    TOWN_ATOR_ANON_BASE: "town-ator/base-private:anon",
    TOWN_ATOR_NODE_BASE: "town-ator/base-private:node",
  };
  expect(await saveBaseImages(engine(asked), env, folder)).toEqual(names);
  expect(asked).toEqual([
    `${anon} is ${names.TOWN_ATOR_ANON_BASE}`,
    `${names.TOWN_ATOR_ANON_BASE} is gone`,
    `own:1 is ${names.TOWN_ATOR_NODE_BASE}`,
    `${names.TOWN_ATOR_NODE_BASE} is gone`,
  ]);
  const saved = ["anon.tar", "node.tar"].map((file) => fs.readFileSync(path.join(folder, file), "utf8"));
  expect(saved).toEqual(Object.values(names));
});

it("runs a script whose environment names the base images of the Engine inside", async () => {
  const noted = path.join(folder, "noted");
  fs.writeFileSync(path.join(folder, "unshare"), `#!/bin/sh\necho "$TOWN_ATOR_ANON_BASE" >'${noted}'\nexit 7\n`, {
    mode: 0o755,
  });
  const env = { TOWN_ATOR_ANON_BASE: "town-ator/base-private:anon", PATH: `${folder}:${process.env["PATH"]}` };
  expect(await inNamespaces({ script: "s.ts", folder, args: [], env }, new AbortController().signal)).toBe(7);
  expect(fs.readFileSync(noted, "utf8")).toBe("town-ator/base-private:anon\n");
});
