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

it("one that found another user's volumes is reported with their paths and the way to keep what they hold", () => {
  const foreign = { ...ended, exitCode: 5, logs: "/files /data" };
  expect(() => assertEnded("Putting the files of home into their volume", foreign)).toThrow(
    "Putting the files of home into their volume failed: the volumes at /files /data do not belong to uid 65527, as which containers run (those of earlier versions ran as 1000). " +
      "They still hold what they held. Stop the containers that use them, hand them over, and run `make up` again: " +
      "docker run --rm --network none --user 0 --volumes-from town-ator-dev-home-connector-files --entrypoint chown " +
      "$(docker inspect --format {{.Image}} town-ator-dev-home-connector-files) -R 65527:65527 /files /data",
  );
});
