import { spawn } from "node:child_process";
import { createServer, type AddressInfo, type Server } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import {
  beyondThisMachine,
  isPrivate,
  judgeWayOut,
  onThisMachine,
  routersOf,
  TRY,
  wayOutElsewhere,
} from "../../../../tools/verify/wayOut";

describe("what a sidecar reaches", () => {
  let open: Server;
  let closed: number;
  const portOf = (server: Server) => (server.address() as AddressInfo).port;
  const listening = () =>
    new Promise<Server>((done) => {
      const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1", () => done(server));
    });
  beforeAll(async () => {
    open = await listening();
    const gone = await listening();
    closed = portOf(gone);
    await new Promise((done) => gone.close(done));
  });
  afterAll(() => open.close());

  it("is what answers, be it with a refusal, and not what stays silent", async () => {
    const [answers, refuses] = [`127.0.0.1 ${portOf(open)}`, `127.0.0.1 ${closed}`];
    // No program can connect to the broadcast address.
    const child = spawn("bash", ["-c", TRY, "try", answers, refuses, "255.255.255.255 80"]);
    expect((await text(child.stdout)).split("\n").sort()).toEqual(["", answers, refuses].sort());
  });

  it("is a warning that names the addresses, and no failure", () => {
    expect(judgeWayOut([])).toEqual({ result: "passed", detail: "no private address answers it" });
    expect(judgeWayOut(["172.18.0.1 4711", "192.168.1.1 80", "192.168.1.1 53"])).toEqual({
      result: "warning",
      detail: `it reaches 172.18.0.1, 192.168.1.1
block that on the host: docs/explanation/security.md, "The sidecar's way out", has the rules`,
    });
  });
});

describe("what a sidecar reaches of a Docker host elsewhere", () => {
  const asked: string[][] = [];
  /** An Engine on which the script prints this. */
  function engine(printed: string): Docker {
    const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, printed.length]);
    const exec = ({ Cmd }: { Cmd: string[] }) => {
      asked.push(Cmd.slice(4));
      const start = () => Promise.resolve(Readable.from([Buffer.concat([head, Buffer.from(printed)])]));
      return Promise.resolve({ start, inspect: () => Promise.resolve({ ExitCode: 0 }) });
    };
    return { getContainer: () => ({ exec }) } as unknown as Docker;
  }
  const reached = (printed: string, url: string) =>
    wayOutElsewhere(engine(printed), "sidecar", "172.18.0.1", "prod", { url });

  it("is tried at the port of its sshd, and with a cloud's metadata", async () => {
    asked.length = 0;
    await reached("", "ssh://town.example");
    await reached("", "ssh://ops@town.example:2222");
    expect(asked).toEqual([
      ["172.18.0.1 22", "169.254.169.254 80"],
      ["172.18.0.1 2222", "169.254.169.254 80"],
    ]);
  });

  it("is a warning", async () => {
    const { result, detail } = await reached("172.18.0.1 22\n", "ssh://town.example");
    expect([result, detail.split("\n")[0]]).toEqual(["warning", "it reaches 172.18.0.1"]);
  });

  it("does not pass for nothing where the rest cannot be tried from here", async () => {
    expect(await reached("", "ssh://town.example")).toEqual({
      result: "skipped",
      detail: `neither 172.18.0.1:22, the Docker host, nor a cloud's metadata answers it
the host's other addresses and its router can be tried only there: run \`make verify STACK=prod\` on the Docker host`,
    });
  });
});

it("of this machine the sshd is tried at every address too, which a firewall that drops the rest lets in", () => {
  expect(onThisMachine(["172.18.0.1", "192.168.1.2"], 4711)).toEqual([
    "172.18.0.1 4711",
    "172.18.0.1 22",
    "192.168.1.2 4711",
    "192.168.1.2 22",
  ]);
});

it("beyond this machine its router and a cloud's metadata are tried", () => {
  expect(beyondThisMachine(["192.168.1.1"])).toEqual([
    "192.168.1.1 53",
    "192.168.1.1 80",
    "192.168.1.1 443",
    "169.254.169.254 80",
  ]);
});

it("the router is the gateway of the default route, if it is a private one", () => {
  const head = "Iface\tDestination\tGateway\tFlags\n";
  expect(routersOf(`${head}eth0\t00000000\t0101A8C0\t0003\neth0\t0001A8C0\t00000000\t0001\n`)).toEqual(["192.168.1.1"]);
  expect(routersOf(`${head}eth0\t00000000\t08080808\t0003\n`)).toEqual([]);
  expect(routersOf("")).toEqual([]);
});

test.each([
  ["10.1.2.3", true],
  ["172.31.255.1", true],
  ["172.32.0.1", false],
  ["100.64.0.1", true],
  ["100.128.0.1", false],
  ["169.254.169.254", true],
  ["8.8.8.8", false],
])("%s is private: %s", (address, expected) => {
  expect(isPrivate(address)).toBe(expected);
});
