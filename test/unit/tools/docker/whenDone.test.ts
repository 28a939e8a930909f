import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { whenDone } from "../../../../tools/docker/whenDone";

it("waits for the last of the Engine's reports", async () => {
  await expect(whenDone(Readable.from(['{"status":"Load', 'ing"}\r\n', '{"stream":"Loaded"}\r\n']))).resolves.toBe(
    undefined,
  );
});

it("rejects with an error that the Engine reports after it has answered 200", async () => {
  const reports = [
    '{"status":"Loading"}\r\n',
    '{"errorDetail":{"message":"no space left"},"error":"no space left"}\r\n',
  ];
  await expect(whenDone(Readable.from(reports))).rejects.toThrow("no space left");
});
