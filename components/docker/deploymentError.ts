import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends a deployment with its message alone, as pulumi.RunError does, with two faults of that mended (SDK
 * 3.248): every resource that an error passes through puts itself in front of the message ("error serializing property
 * …", runtime/rpc.ts), and the SDK inspects the error together with the promise that it came from, which takes half a
 * minute for a town (cmd/run/run.ts).
 */
export class DeploymentError extends pulumi.RunError {
  constructor(text: string) {
    super(text);
    Object.defineProperty(this, "message", { get: () => text, set: () => undefined });
  }

  [inspect.custom](): string {
    return this.message;
  }
}
