import { expect, test } from "vitest";
import { isElsewhere } from "../../../../tools/docker/dockerHost";

test.each<[string, boolean]>([
  ["unix:///var/run/docker.sock", false],
  ["unix:///run/user/1000/docker.sock", false],
  ["npipe:////./pipe/docker_engine", false],
  ["tcp://127.0.0.1:2375", false],
  ["tcp://localhost:2375", false],
  ["ssh://root@town.example", true],
  ["ssh://root@127.0.0.1:2222", true],
  ["tcp://10.1.2.3:2375", true],
  ["tcp://localhost.example:2375", true],
])("an Engine at %s is elsewhere: %s", (url, elsewhere) => {
  expect(isElsewhere({ url })).toBe(elsewhere);
});
