import * as fs from "node:fs";
import * as path from "node:path";
import { expect, it, test } from "vitest";
import { projectDirectory } from "../../../../tools/console/project";
import { describe, requiredVersion } from "../../../../tools/offline/toolchain/build";

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
