import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import type { Siege } from "../../../../../tools/dev/storms/siege";
import { STRANGERS_STORMS } from "../../../../../tools/dev/storms/storms";

vi.mock("../../../../../tools/console/until", () => ({ until: (look: () => Promise<unknown>) => look() }));
vi.mock("../../../../../tools/dev/storms/target", () => ({ CONNECT_MS: 1, isLetIn: () => Promise.resolve(true) }));

/** A connection that is closed a moment after it was opened. */
function connection(): Promise<PassThrough> {
  const socket = new PassThrough();
  setTimeout(() => socket.destroy(), 20);
  return Promise.resolve(socket);
}

const blow = (name: RegExp, stranger: () => Promise<unknown>) =>
  STRANGERS_STORMS.find((storm) => name.test(storm.name))!.blow({
    stranger,
    attackers: [{}, {}, {}],
  } as unknown as Siege);

describe("a storm", () => {
  it.each([
    [/every place at the door/, "only 0 sockets were held", "up to 0 sockets at a time"],
    [/flood of introductions/, "only 0 introductions were answered", "0 answered"],
  ])("that nobody at the town has seen has not passed: %s", async (name, fault, figure) => {
    const storm = await blow(name, () => Promise.reject(new Error("no way there")));
    expect(storm).toEqual({ figure: expect.stringContaining(figure) as string, faults: [fault] });
  });

  it.each([
    [/every place at the door/, "up to 96 sockets at a time"],
    [/flood of introductions/, "600 introductions by 3 attackers, 600 answered"],
  ])("that took place says how large it was: %s", async (name, figure) => {
    expect(await blow(name, connection)).toEqual({ figure: expect.stringContaining(figure) as string, faults: [] });
  });
});
