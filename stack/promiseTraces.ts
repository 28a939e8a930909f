import { createRequire } from "node:module";

/** A part of the SDK that it does not publish. */
interface Debuggable {
  debuggablePromise: (promise: Promise<unknown>, context?: unknown) => Promise<unknown>;
}

/** The module as the SDK has it: an `import` gives another object under tsx and in tests, which cannot be changed. */
export const debuggable = createRequire(__filename)("@pulumi/pulumi/runtime/debuggable") as Debuggable;

/**
 * Stops Pulumi's SDK from recording a stack trace for every promise that it makes, about two hundred for a container.
 * It needs them only to say where a leaked promise was made, and each is mapped back to TypeScript when it is taken:
 * four fifths of a preview's time. Leaked promises are still found and counted. Set PULUMI_DEBUG_PROMISE_LEAKS, which
 * makes the SDK print the traces, and they are taken again.
 */
export function omitPromiseTraces(env: NodeJS.ProcessEnv = process.env): void {
  if (env["PULUMI_DEBUG_PROMISE_LEAKS"]) return;
  const traced = debuggable.debuggablePromise;
  debuggable.debuggablePromise = (promise, context) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return traced(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}
