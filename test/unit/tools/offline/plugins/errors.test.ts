import { expect, it, test } from "vitest";
import { calling, daemonMessage, orMissing } from "../../../../../tools/offline/plugins/docker/errors";

test.each([
  [
    "the Engine's own words",
    { message: "(HTTP code 409) conflict - x", json: { message: "Conflict." } },
    "Error response from daemon: Conflict.",
  ],
  [
    "an answer that was streamed",
    new Error("(HTTP code 500) server error - no such host "),
    "Error response from daemon: no such host",
  ],
  ["an error of another kind", new Error("connect ENOENT"), "connect ENOENT"],
])("shows %s as Docker's clients do", (_, error, message) => {
  expect(daemonMessage(error)).toBe(message);
});

it("says what was tried", async () => {
  const failing = Promise.reject(Object.assign(new Error(), { json: { message: "no." } }));
  await expect(calling("Unable to create network", failing)).rejects.toThrow(
    new Error("Unable to create network: Error response from daemon: no."),
  );
});

it("takes 404 for missing and nothing else", async () => {
  const failing = (statusCode: number): Promise<never> =>
    Promise.reject(Object.assign(new Error("gone wrong"), { statusCode }));
  await expect(orMissing(failing(404))).resolves.toBeUndefined();
  await expect(orMissing(failing(500))).rejects.toThrow(new Error("gone wrong"));
});
