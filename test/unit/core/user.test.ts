import * as fs from "node:fs";
import * as path from "node:path";
import { expect, it } from "vitest";
import { UID, USER } from "../../../components/core/user";

it("no login, dynamic user or user namespace has the uid of the containers", () => {
  expect(UID).toBeGreaterThanOrEqual(65_520);
  expect(UID).toBeLessThanOrEqual(65_533);
});

it("the anon image runs as that user and gives every volume to it", () => {
  const dockerfile = fs.readFileSync(path.join(__dirname, "../../../images/anon/Dockerfile"), "utf8");
  expect(dockerfile.match(/(?<=--chown=|USER )\S+/g)).toEqual([USER, USER]);
});
