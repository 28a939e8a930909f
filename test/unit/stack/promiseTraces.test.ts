import { execFileSync } from "node:child_process";
import * as path from "node:path";
import * as sdk from "@pulumi/pulumi/runtime/debuggable";
import { afterEach, expect, it } from "vitest";
import { omitPromiseTraces } from "../../../stack/promiseTraces";

interface Debuggable {
  debuggablePromise: (promise: Promise<unknown>) => Promise<unknown>;
  leakedPromises: () => [Set<Promise<unknown>>, string];
}
const { default: debuggable } = sdk as unknown as { default: Debuggable };
const original = debuggable.debuggablePromise;

afterEach(() => {
  debuggable.debuggablePromise = original;
  debuggable.leakedPromises();
});

/** The stack trace that the SDK has recorded for a promise of its own. */
function traceOf(promise: Promise<unknown>): string {
  void debuggable.debuggablePromise(promise);
  return (promise as unknown as { _debugStackTrace: string })._debugStackTrace;
}

it("the SDK records no stack trace for its promises, and errors keep theirs", () => {
  omitPromiseTraces({});
  expect(traceOf(Promise.resolve())).not.toContain("promiseTraces.test.ts");
  expect(new Error("later").stack).toContain("promiseTraces.test.ts");
});

it("a leaked promise is still found", () => {
  omitPromiseTraces({});
  debuggable.leakedPromises();
  const leak = new Promise(() => undefined);
  traceOf(leak);
  const [leaks, message] = debuggable.leakedPromises();
  expect([...leaks]).toEqual([leak]);
  expect(message).toContain("1 promise was still active");
});

it("with PULUMI_DEBUG_PROMISE_LEAKS every promise has its stack trace", () => {
  omitPromiseTraces({ PULUMI_DEBUG_PROMISE_LEAKS: "1" });
  expect(traceOf(Promise.resolve())).toContain("promiseTraces.test.ts");
});

it("the commands, which tsx runs, can replace what records the traces too", () => {
  const script = `const { debuggable, omitPromiseTraces } = require("./stack/promiseTraces");
    const before = debuggable.debuggablePromise;
    omitPromiseTraces({});
    console.log(debuggable.debuggablePromise !== before);`;
  const cwd = path.join(__dirname, "../../..");
  expect(execFileSync("node", ["--require", "./tools/ts.cjs", "--eval", script], { cwd, encoding: "utf8" })).toBe(
    "true\n",
  );
});
