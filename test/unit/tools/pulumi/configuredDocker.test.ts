import { expect, test } from "vitest";
import { UserError } from "../../../../tools/console/project";
import { parseDockerHost, parseSshOpts } from "../../../../tools/pulumi/environment";

test.each(["unix:///run/docker.sock", "tcp://127.0.0.1:2375", "ssh://ops@host.example"])(
  "docker:host can be %s",
  (url) => {
    expect(parseDockerHost(url)).toBe(url);
  },
);

test.each(['{"secure":"v1:x:y"}', '{"secure":"v1://x:y"}', "host.example", ""])(
  "docker:host that is no URL is refused: %j",
  (text) => {
    expect(() => parseDockerHost(text)).toThrow(
      new UserError("docker:host must be a URL in plain text, such as ssh://user@host: the tools here look there too."),
    );
  },
);

test("docker:sshOpts is a list of arguments", () => {
  expect(parseSshOpts('["-i", "key", "-o", "User=ops"]')).toEqual(["-i", "key", "-o", "User=ops"]);
});

test.each(["-p 2222", '"-p"', "[22]", '{"secure":"v1:x:y"}'])("docker:sshOpts that is none is refused: %s", (text) => {
  expect(() => parseSshOpts(text)).toThrow(
    new UserError('docker:sshOpts must be a list of arguments for ssh in plain text, such as ["-p", "2222"].'),
  );
});
