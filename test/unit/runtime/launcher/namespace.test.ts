import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { namespaceView, watchNamespace } from "../../../../runtime/launcher/namespace";

describe("a launcher in another container's network namespace", () => {
  const view = { alive: true, sign: "first" as string | undefined };
  const lost = vi.fn();
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    lost.mockReset();
    Object.assign(view, { alive: true, sign: "first" });
    stop = watchNamespace({ alive: () => view.alive, sign: () => view.sign }, lost);
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });
  const seconds = (count: number) => vi.advanceTimersByTime(count * 1000);

  it("stays while the namespace is alive, also when the other container has only now left its sign", () => {
    seconds(10);
    view.sign = "second";
    seconds(10);
    expect(lost).not.toHaveBeenCalled();
  });

  it("stays in a dead namespace until the other container runs again: Docker tries a start only once", () => {
    view.alive = false;
    seconds(600);
    expect(lost).not.toHaveBeenCalled();
    view.sign = "second";
    seconds(1);
    expect(lost).toHaveBeenCalledTimes(1);
    seconds(10);
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it("takes a sign that cannot be read for none", () => {
    Object.assign(view, { alive: false, sign: undefined });
    seconds(10);
    expect(lost).not.toHaveBeenCalled();
  });
});

describe("what a launcher sees", () => {
  it("is the sign in the file, and nothing where there is none", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "sign-"));
    const file = path.join(folder, "started");
    const { sign } = namespaceView(file);
    expect(sign()).toBeUndefined();
    writeFileSync(file, "first");
    expect(sign()).toBe("first");
    rmSync(folder, { recursive: true });
  });
});
