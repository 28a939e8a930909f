import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { silenceDebugMessages } from "../../../components/silenceDebug";

it("the SDK's own modules send no debug message any more, and still send the others", async () => {
  const { debug } = pulumi.log;
  const log = (await import("@pulumi/pulumi/log")) as { debug: unknown; warn: unknown };
  const { warn } = log;
  try {
    silenceDebugMessages();
    // The module that the SDK's runtime calls, not only the one that we import.
    expect(log.debug).toBe(pulumi.log.debug);
    expect(log.debug).not.toBe(debug);
    expect(log.warn).toBe(warn);
  } finally {
    Object.assign(pulumi.log, { debug });
  }
});
