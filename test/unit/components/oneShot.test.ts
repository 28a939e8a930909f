import { expect, it } from "vitest";
import { assertEnded } from "../../../components/docker/container";

const ended = { container: "town-ator-dev-home-connector-files", exitCode: 0, logs: "" };

it("a one-shot that exited with 0 is accepted", () => {
  expect(() => assertEnded("Putting the files of home into their volume", ended)).not.toThrow();
});

it("one that failed is reported with what it printed and the way to run it again", () => {
  expect(() => assertEnded("Putting the files of home into their volume", { ...ended, exitCode: 3, logs: "no space" }))
    .toThrow(`Putting the files of home into their volume failed with exit code 3: no space
To run it again: docker rm town-ator-dev-home-connector-files && pulumi up --refresh`);
});
