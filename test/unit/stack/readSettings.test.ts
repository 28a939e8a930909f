import * as pulumi from "@pulumi/pulumi";
import { afterAll, describe, expect, it } from "vitest";
import { readSettings } from "../../../stack/readSettings";
import { keepTestsApart } from "../../mocks";
import { config } from "./configs";

describe("the settings of an inline program, whose config is not in the environment", () => {
  keepTestsApart();
  const given = config({
    towns: { home: { nodeId: "g.home", peers: { bob: {} } } },
    secrets: { home: { bob: "s".repeat(32) } },
  });
  const readWith = async (secretKeys: string[]) => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
      "town-ator",
      "dev",
      false,
    );
    pulumi.runtime.setAllConfig(given, secretKeys);
    return readSettings();
  };
  afterAll(() => pulumi.runtime.setAllConfig({}));

  it("hold what is encrypted", async () => {
    const { stack, towns } = await readWith(["town-ator:secrets"]);
    expect(stack).toBe("dev");
    expect(towns[0]?.peers[0]?.given?.reveal()).toBe("s".repeat(32));
  });

  it("are refused where a secret is in plain text", async () => {
    await expect(readWith([])).rejects.toThrow("town-ator:secrets: must be secret");
  });
});
