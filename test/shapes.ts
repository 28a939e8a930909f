/** The town of the stack dev in every other shape, by the name of its golden preview. */
export const SHAPES: Readonly<Record<string, object>> = {
  "shared-namespace": { topology: "shared-namespace" },
  embedded: { topology: "embedded" },
  "town-relay": { relay: { feePerEvent: 5, publish: "127.0.0.1:7100" } },
  direct: { transport: "direct", publish: "127.0.0.1:3000" },
};
