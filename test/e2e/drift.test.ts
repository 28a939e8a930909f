import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, shellOn, TestStack } from "./support";

const stack = new TestStack("e2e-drift");
const SIDECAR = "town-ator-e2e-drift-home-sidecar";
const CONNECTOR = "town-ator-e2e-drift-home-connector";
const ONE_SHOT = "town-ator-e2e-drift-home-identity";
const KEYS = "town-ator-e2e-drift-home-keys";
const INSIDE = "town-ator-e2e-drift-home-inside";
const OUTSIDE = "town-ator-e2e-drift-outside";

const inspect = async (name: string, format: string) =>
  (await docker("inspect", "--format", format, name)).output.trim();
const idOf = (name: string) => inspect(name, "{{.Id}}");
const addressIn = (network: string) =>
  inspect(SIDECAR, `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}}{{end}}`);

beforeAll(async () => {
  await stack.begin();
  await stack.made("up");
});

afterAll(() => stack.erase());

describe("make up", () => {
  it("does not refresh a stack that has not drifted, and changes nothing", async () => {
    const { output } = await stack.made("up");
    expect(output).not.toContain("refreshing");
    expect(output).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("connects a container again that has lost a network, at its address and without a restart", async () => {
    const [address, id] = [await addressIn(INSIDE), await idOf(SIDECAR)];
    await docker("network", "disconnect", INSIDE, SIDECAR);
    const preview = await stack.made("preview");
    expect(preview.output).toContain(`${SIDECAR} is detached from the network ${INSIDE}`);
    expect(await addressIn(INSIDE)).toBe("");
    await stack.made("up");
    expect([await addressIn(INSIDE), await idOf(SIDECAR)]).toEqual([address, id]);
    await stack.made("verify");
  });

  it("makes a network that was removed, and connects the running containers to it", async () => {
    const id = await idOf(SIDECAR);
    const attached = (await inspect(OUTSIDE, "{{range .Containers}}{{.Name}} {{end}}")).split(" ").filter(Boolean);
    for (const name of attached) await docker("network", "disconnect", "--force", OUTSIDE, name);
    await docker("network", "rm", OUTSIDE);
    const { output } = await stack.made("up");
    expect(output).toContain(`the network ${OUTSIDE} is missing`);
    expect(await idOf(SIDECAR)).toBe(id);
    await stack.made("verify");
  });

  it("runs a one-shot again that has failed, and takes no running container down for it", async () => {
    const image = await inspect(SIDECAR, "{{.Image}}");
    const ids = () => Promise.all([idOf(SIDECAR), idOf(CONNECTOR)]);
    const before = await ids();
    // Another identity in the volume, which the one-shot refuses to overwrite.
    await shellOn(KEYS, image, "cp -a /keys/hs-1 /keys/kept && head -c 96 /dev/zero >/keys/hs-1/hs_ed25519_secret_key");
    await docker("rm", ONE_SHOT);
    const failed = await stack.make("up");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("belongs to another address");
    await shellOn(KEYS, image, "rm -r /keys/hs-1 && mv /keys/kept /keys/hs-1");

    const { output } = await stack.made("up");
    expect(output).toContain(`the one-shot ${ONE_SHOT} failed with exit code 3: it has to run again`);
    expect(await inspect(ONE_SHOT, "{{.State.ExitCode}}")).toBe("0");
    expect(await ids()).toEqual(before);
    await stack.made("verify");
  });
});
