import { expect, test } from "vitest";
import { UserError } from "../../../../tools/console/project";
import { parseSshOpts } from "../../../../tools/pulumi/environment";

test("docker:sshOpts is a list of arguments", () => {
  expect(parseSshOpts('["-i", "key", "-o", "User=ops"]')).toEqual(["-i", "key", "-o", "User=ops"]);
});

test.each(["-p 2222", '"-p"', "[22]", '{"secure":"v1:x:y"}'])("docker:sshOpts that is none is refused: %s", (text) => {
  expect(() => parseSshOpts(text)).toThrow(
    new UserError('docker:sshOpts must be a list of arguments for ssh in plain text, such as ["-p", "2222"].'),
  );
});
