import { text } from "node:stream/consumers";
import { Duplex, Readable } from "node:stream";
import type Docker from "dockerode";
import { describe, expect, test, vi } from "vitest";
import { demultiplexed, execStream } from "../../../../tools/docker/dockerText";

function frame(stream: 1 | 2, content: string): Buffer {
  const body = Buffer.from(content, "utf8");
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

test.each([1, 3, 8, 9, 100])("a multiplexed log in pieces of %i bytes gives its text in order", async (size) => {
  const all = Buffer.concat([frame(1, "öut 1\n"), frame(2, "err\n"), frame(1, ""), frame(1, "out 2\n")]);
  const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));
  expect(await text(demultiplexed(Readable.from(pieces)))).toBe("öut 1\nerr\nout 2\n");
});

test("a log of 40,000 lines that arrives at once is read whole", async () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`);
  const all = Buffer.concat(lines.map((line) => frame(1, line)));
  expect(await text(demultiplexed(Readable.from([all])))).toBe(lines.join(""));
});

test("of a frame that is cut short what there is of it is read, and of an empty log nothing", async () => {
  const cut = Buffer.concat([frame(1, "whole\n"), frame(2, "cut here")]).subarray(0, -5);
  expect(await text(demultiplexed(Readable.from([cut])))).toBe("whole\ncut");
  expect(await text(demultiplexed(Readable.from([Buffer.alloc(0)])))).toBe("");
});

describe("a connection to a command in a container", () => {
  /** A command that prints what it reads, in capitals, and ends with its input. */
  const raw = () =>
    Duplex.from(async function* (input: AsyncIterable<Buffer>) {
      for await (const piece of input) yield frame(1, piece.toString().toUpperCase());
    });
  const engine = (stream: Duplex) =>
    ({ getContainer: () => ({ exec: () => ({ start: () => stream }) }) }) as unknown as Docker;

  test("carries what is written and what is printed", async () => {
    const connection = await execStream(engine(raw()), "c", ["command"]);
    connection.write("hello, ");
    connection.end("world");
    expect(await text(connection)).toBe("HELLO, WORLD");
  });

  test("is closed without an error, and takes the command's with it", async () => {
    const command = raw().on("error", () => undefined);
    const connection = await execStream(engine(command), "c", ["command"]);
    const failed = vi.fn();
    connection.on("error", failed);
    connection.destroy();
    await new Promise((closed) => connection.once("close", closed));
    expect(command.destroyed).toBe(true);
    expect(failed).not.toHaveBeenCalled();
  });

  test("breaks where the Engine breaks it", async () => {
    const command = raw();
    const connection = await execStream(engine(command), "c", ["command"]);
    command.destroy(new Error("gone"));
    await expect(text(connection)).rejects.toThrow("gone");
  });
});
