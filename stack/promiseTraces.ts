import * as sdk from "@pulumi/pulumi/runtime/debuggable";

/** A part of the SDK that it does not publish. */
interface Debuggable {
  debuggablePromise: (promise: Promise<unknown>, context?: unknown) => Promise<unknown>;
}

/**
 * Stops Pulumi's SDK from recording a stack trace for every promise that it makes, about two hundred for a container.
 * It needs them only to say where a leaked promise was made, and each is mapped back to TypeScript when it is taken:
 * four fifths of a preview's time. Leaked promises are still found and counted. Set PULUMI_DEBUG_PROMISE_LEAKS, which
 * makes the SDK print the traces, and they are taken again.
 */
export function omitPromiseTraces(env: NodeJS.ProcessEnv = process.env): void {
  if (env["PULUMI_DEBUG_PROMISE_LEAKS"]) return;
  // A test sees this CommonJS module as an ES module, whose exports are its default and cannot be replaced themselves.
  const debuggable = ("default" in sdk ? sdk.default : sdk) as Debuggable;
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
