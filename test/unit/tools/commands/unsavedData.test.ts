import { Readable } from "node:stream";
import type Docker from "dockerode";
import { expect, it } from "vitest";
import { unsavedData } from "../../../../tools/commands/unsavedData";
import { tarArchive } from "../../../../tools/docker/tar";

const NOW = Date.parse("2026-11-26T12:00:00Z");

/** A volume as a stack's state has it. */
function volume(town: string, { role = "connector-data", protect = true } = {}) {
  const labels = Object.entries({ stack: "prod", town, role }).map(([name, value]) => ({
    label: `town-ator.${name}`,
    value,
  }));
  return { type: "docker:index/volume:Volume", urn: town, protect, inputs: { labels } };
}

const docker = {
  getContainer: (name: string) => ({
    getArchive: () => {
      const made = { "town-ator-prod-old-connector": "2026-11-10", "town-ator-prod-new-connector": "2026-11-20" }[name];
      if (made === undefined) return Promise.reject(Object.assign(new Error(), { statusCode: 404 }));
      const note = Buffer.from(JSON.stringify({ lastBackup: `${made}T12:00:00Z` }));
      const header = { name: ".town-ator", type: "file", mode: 0o600, uid: 0, gid: 0, size: note.length };
      return Promise.resolve(tarArchive((add) => add({ ...header, mtime: new Date() }, Readable.from([note]))));
    },
  }),
} as unknown as Docker;

it("after up, each kept ledger, and each kept relay, without a backup younger than a week has a line", async () => {
  const state = [
    volume("old"),
    volume("new"),
    volume("none"),
    volume("new", { role: "relay-data" }),
    volume("gone", { protect: false }),
    volume("guards", { role: "sidecar-data" }),
    { type: "docker:index/container:Container", urn: "c", protect: true },
  ];
  expect(await unsavedData(docker, state, NOW)).toEqual([
    "the events of the relay of new have no backup: make data-backup STACK=prod TOWN=new FILE=…",
    "the ledger and the claims of none have no backup: make data-backup STACK=prod TOWN=none FILE=…",
    "the ledger and the claims of old have a last backup that is 16 days old: make data-backup STACK=prod TOWN=old FILE=…",
  ]);
});
