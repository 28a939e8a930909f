import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, it, test } from "vitest";
import { projectDirectory } from "../../../../tools/console/project";
import { describe, GO_ENVIRONMENT, install, requiredVersion } from "../../../../tools/offline/toolchain/build";

test.each([
  ["require github.com/pulumi/pulumi/sdk/v3 v3.68.0\n", "github.com/pulumi/pulumi/sdk/v3", "v3.68.0"],
  ["require (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d v2.1.3 // indirect\n)\n", "github.com/c/d", "v2.1.3"],
])("reads the version that a go.mod requires", (mod, module, version) => {
  expect(requiredVersion(mod, module)).toBe(version);
});

it("refuses a go.mod that only replaces or names a module", () => {
  const mod = "module x\n\nreplace github.com/a/b => github.com/c/b v1.0.0\n\ntool github.com/a/b\n";
  expect(() => requiredVersion(mod, "github.com/a/b")).toThrow("go.mod does not require github.com/a/b");
});

it("tells which commit of the docker provider is built, from the go.mod that pins it", () => {
  const mod = fs.readFileSync(path.join(projectDirectory, "tools/offline/toolchain/go.mod"), "utf8");
  expect(describe(mod)).toBe("terraform-provider-docker 96d331c98ff4 (after 4.6.0) behind Pulumi's bridge v3.137.0");
});

it("refuses a go.mod that does not say which commit it pins", () => {
  expect(() => describe("replace a/terraform-provider-docker => ./docker\n")).toThrow(
    "go.mod does not name a commit of terraform-provider-docker",
  );
});

it("builds for this machine by the rules here, whatever the user's variables and `go env -w` say", () => {
  expect(GO_ENVIRONMENT).toMatchObject({ GOFLAGS: "-mod=readonly", GOOS: os.platform() });
  expect(`${GO_ENVIRONMENT.GOOS}/${GO_ENVIRONMENT.GOARCH}`).toMatch(/^(linux|darwin)\/(amd64|arm64)$/);
});

it("an update that is interrupted between two programs does not count as built, even once it is undone", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "toolchain-"));
  const at = (name: string) => path.join(folder, name);
  fs.writeFileSync(at("pulumi.stamp"), "old");
  fs.mkdirSync(at("new"));
  fs.writeFileSync(at("new/pulumi"), "new"); // and no new providers yet
  await expect(install(["pulumi", "providers"], at("new"), folder, at("pulumi.stamp"), "new")).rejects.toThrow(
    "ENOENT",
  );
  expect(fs.readdirSync(folder).sort()).toEqual(["new", "pulumi"]);
  fs.rmSync(folder, { recursive: true });
});
