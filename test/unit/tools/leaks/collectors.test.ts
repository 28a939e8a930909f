import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import type Docker from "dockerode";
import { describe, expect, it, test } from "vitest";
import { CONNECTOR_COMMAND } from "../../../../components/core/connectorFiles";
import { TOWN_RELAY_COMMAND } from "../../../../components/core/townRelay";
import { UID } from "../../../../components/core/user";
import type { Pulumi } from "../../../../tools/pulumi/pulumi";
import { collectImageLayers, collectImages, collectInspect } from "../../../../tools/leaks/docker";
import { lookBelow } from "../../../../tools/leaks/files";
import { COLLECTORS, scanStack } from "../../../../tools/leaks/index";
import { parseProcesses, settled, withoutExpected } from "../../../../tools/leaks/processes";
import type { Collector, Leak, NamedSecret, Place, Scene } from "../../../../tools/leaks/scan";
import { eachTarEntry } from "../../../../tools/docker/tar";
import { collectVolumes, faultsOf } from "../../../../tools/leaks/volumes";

const SECRET = "a-planted-secret-of-some-length";
const secrets: NamedSecret[] = [{ name: "it", value: SECRET }];

function sceneOf(docker: unknown, said: Place[] = []): Scene {
  return { stack: "x", docker: docker as Docker, pulumi: {} as Pulumi, said, secrets };
}

async function leaksOf(collector: Pick<Collector, "collect">, scene: Scene): Promise<readonly Leak[]> {
  const only = { name: "the collector", quick: true, collect: collector.collect };
  return (await scanStack(scene, { quick: true, collectors: [only] })).leaks;
}

/** A tar archive (POSIX ustar) of files with names, modes and contents, made by hand. */
function tarOf(files: readonly { name: string; mode?: number; uid?: number; content?: string | Buffer }[]): Buffer {
  const blocks = files.flatMap(({ name, mode = 0o600, uid = UID, content = "" }) => {
    const body = Buffer.from(content as string);
    const head = Buffer.alloc(512);
    const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
    head.write(name, 0);
    head.write(octal(mode, 8) + octal(uid, 8) + octal(UID, 8) + octal(body.length, 12) + octal(0, 12), 100);
    head.write("        ", 148);
    head.write(name.endsWith("/") ? "5" : "0", 156);
    head.write("ustar\x0000", 257);
    head.write(
      octal(
        head.reduce((sum, byte) => sum + byte, 0),
        7,
      ),
      148,
    );
    return [head, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A Docker Engine with one container (image `sha256:1`), one network and one volume; what each says can be given. */
function engine(says: {
  container?: unknown;
  network?: unknown;
  volume?: unknown;
  image?: unknown;
  history?: unknown;
  layers?: Buffer;
  files?: Buffer;
}) {
  const mounts = [{ Type: "volume", Name: "v", Destination: "/v" }];
  return {
    listContainers: () =>
      Promise.resolve([{ Id: "1", Names: ["/c"], ImageID: "sha256:1", State: "exited", Labels: {}, Mounts: mounts }]),
    listNetworks: () => Promise.resolve([{ Id: "2", Name: "n" }]),
    listVolumes: () => Promise.resolve({ Volumes: [{ Name: "v" }] }),
    getContainer: () => ({
      inspect: () => Promise.resolve({ Config: says.container ?? {} }),
      getArchive: () => Promise.resolve(Readable.from([says.files ?? tarOf([{ name: "v/", mode: 0o700 }])])),
      remove: () => Promise.resolve(),
    }),
    getNetwork: () => ({ inspect: () => Promise.resolve(says.network ?? {}) }),
    getVolume: () => ({ inspect: () => Promise.resolve(says.volume ?? {}) }),
    getImage: () => ({
      inspect: () => Promise.resolve(says.image ?? {}),
      history: () => Promise.resolve(says.history ?? []),
      get: () => Promise.resolve(Readable.from([says.layers ?? tarOf([])])),
    }),
  };
}

describe("what is planted is named", () => {
  test.each<[string, Pick<Collector, "collect">, Parameters<typeof engine>[0], string]>([
    [
      "a container's environment",
      { collect: collectInspect },
      { container: { Env: [`A=${SECRET}`] } },
      "docker container inspect c",
    ],
    [
      "a container's label",
      { collect: collectInspect },
      { container: { Labels: { a: SECRET } } },
      "docker container inspect c",
    ],
    [
      "a network's label",
      { collect: collectInspect },
      { network: { Labels: { a: SECRET } } },
      "docker network inspect n",
    ],
    ["a volume's label", { collect: collectInspect }, { volume: { Labels: { a: SECRET } } }, "docker volume inspect v"],
    [
      "an image's configuration",
      { collect: collectImages },
      { image: { Config: { Env: [SECRET] } } },
      "docker image inspect sha256:1",
    ],
    [
      "an image's history",
      { collect: collectImages },
      { history: [{ CreatedBy: `RUN ${SECRET}` }] },
      "docker history sha256:1",
    ],
    [
      "a layer",
      { collect: collectImageLayers },
      { layers: tarOf([{ name: "a/layer.tar", content: tarOf([{ name: "etc/x", content: SECRET }]) }]) },
      "image sha256:1, a/layer.tar",
    ],
    [
      "a layer that is packed",
      { collect: collectImageLayers },
      { layers: tarOf([{ name: "blobs/1", content: gzipSync(tarOf([{ name: "etc/x", content: SECRET }])) }]) },
      "image sha256:1, blobs/1",
    ],
    [
      "the name of a file in a volume",
      { collect: collectVolumes },
      { files: tarOf([{ name: `v/${SECRET}`, mode: 0o600 }]) },
      "files in the volume v",
    ],
  ])("in %s", async (_where, collector, says, place) => {
    expect(await leaksOf(collector, sceneOf(engine(says)))).toEqual([{ place, name: "it", encoding: "raw" }]);
  });

  test("in what our own commands said", async () => {
    const said = [
      { place: "the report", content: "fine" },
      { place: "the errors of an up", content: `no such image: ${SECRET}` },
    ];
    const collector = COLLECTORS.find(({ name }) => name === "output of our commands")!;
    expect(await leaksOf(collector, sceneOf({}, said))).toEqual([
      { place: "the errors of an up", name: "it", encoding: "raw" },
    ]);
  });

  test("in a file below a folder, those set apart excepted", async () => {
    const folder = await fs.mkdtemp(path.join(tmpdir(), "leaks-test-"));
    try {
      await fs.mkdir(path.join(folder, "logs"));
      await fs.writeFile(path.join(folder, "logs", "a.log"), `x ${SECRET} y`);
      await fs.writeFile(path.join(folder, "passphrase"), SECRET);
      const collect: Collector["collect"] = (_scene, look) =>
        lookBelow(folder, look, new Set([path.join(folder, "passphrase")]));
      expect(await leaksOf({ collect }, sceneOf({}))).toEqual([
        { place: path.join(folder, "logs", "a.log"), name: "it", encoding: "raw" },
      ]);
    } finally {
      await fs.rm(folder, { recursive: true });
    }
  });
});

test("a layer that cannot be decompressed is reported as not searched", async () => {
  const layers = tarOf([{ name: "blobs/1", content: Buffer.from("28b52ffd00000000", "hex") }]);
  expect(await leaksOf({ collect: collectImageLayers }, sceneOf(engine({ layers })))).toEqual([
    {
      place: "image sha256:1, blobs/1",
      name: "blobs/1",
      encoding: "compressed with Zstandard, so it was not searched",
    },
  ]);
});

describe("a file in a volume", () => {
  it.each([
    [0o600, UID, []],
    [0o400, UID, []],
    [0o644, UID, [{ what: "key", why: "mode 0644, open to others" }]],
    [0o640, UID, [{ what: "key", why: "mode 0640, open to others" }]],
    [0o602, UID, [{ what: "key", why: "mode 0602, open to others" }]],
    [0o600, 1000, [{ what: "key", why: `owner 1000, not ${UID}` }]],
  ])("of mode %o and owner %i", (mode, uid, faults) => {
    expect(faultsOf({ name: "key", type: "file", mode, uid, gid: UID })).toEqual(faults);
  });

  it("that others may read is named with its volume", async () => {
    const files = tarOf([
      { name: "v/", mode: 0o700 },
      { name: "v/key", mode: 0o644 },
    ]);
    expect(await leaksOf({ collect: collectVolumes }, sceneOf(engine({ files })))).toEqual([
      { place: "files in the volume v", name: "v/key", encoding: "mode 0644, open to others" },
    ]);
  });

  it("in a volume that no container mounts is looked at through one that is never started, and removed", async () => {
    const files = tarOf([
      { name: "kept/", mode: 0o700 },
      { name: "kept/key", mode: 0o644 },
    ]);
    const calls: unknown[] = [];
    const docker = {
      ...engine({}),
      listVolumes: () => Promise.resolve({ Volumes: [{ Name: "v" }, { Name: "kept" }] }),
      createContainer: ({ Image, HostConfig }: Docker.ContainerCreateOptions) => {
        calls.push([Image, HostConfig?.NetworkMode, HostConfig?.Binds]);
        return Promise.resolve({
          getArchive: ({ path }: { path: string }) => {
            calls.push(path);
            return Promise.resolve(Readable.from([files]));
          },
        });
      },
      getContainer: (name: string) =>
        name === "town-ator-x-volumes"
          ? { remove: () => Promise.resolve(void calls.push("removed")) }
          : engine({}).getContainer(),
    };
    expect(await leaksOf({ collect: collectVolumes }, sceneOf(docker))).toEqual([
      { place: "files in the volume kept", name: "kept/key", encoding: "mode 0644, open to others" },
    ]);
    // First what an interrupted scan may have left.
    const viewer = ["sha256:1", "none", ["kept:/volumes/kept:ro,nocopy"]];
    expect(calls).toEqual(["removed", viewer, "/volumes/kept", "removed"]);
  });
});

describe("processes", () => {
  const record = (pid: string, readable: string, argv: string[], environment: string[]) =>
    `\x1e${pid}\x1f${readable}\x1f${argv.map((a) => `${a}\0`).join("")}\x1f${environment.map((e) => `${e}\0`).join("")}`;

  it("are read with command line and environment; one that has ended is left out, one that hides its environment is not", () => {
    const printed = [
      record("1", "yes", ["/sbin/docker-init", "--", "node"], ["PATH=/bin", "A=b\nc"]),
      record("7", "gone", [], []),
      record("8", "no", ["anon"], []),
    ].join("");
    expect(parseProcesses(printed)).toEqual([
      { pid: "1", argv: ["/sbin/docker-init", "--", "node"], environment: ["PATH=/bin", "A=b\nc"] },
      { pid: "8", argv: ["anon"] },
    ]);
  });

  it("that hide their environment are looked at again, and only those that still hide it are left so", async () => {
    const readable = { pid: "1", argv: ["node"], environment: ["A=b"] };
    const lists = [
      [readable, { pid: "8", argv: [] }, { pid: "9", argv: ["hides"] }],
      [readable, { pid: "9", argv: ["hides"] }, { pid: "10", argv: [] }],
    ];
    const list = () => Promise.resolve(lists.shift()!);
    expect(await settled(list, () => Promise.resolve())).toEqual([readable, { pid: "9", argv: ["hides"] }]);
  });

  const labels = (role: string) => ({ "town-ator.role": role, "town-ator.town": "home" });
  const wanted: NamedSecret[] = [
    { name: "bob's", value: "secret-of-bob", variable: { town: "home", name: "BTP_PEER_G.BOB_SECRET" } },
    { name: "amy's", value: "secret-of-amy", variable: { town: "away", name: "BTP_PEER_G.AMY_SECRET" } },
  ];

  it.each([
    ["the variable of the town's own peer is left out", ["BTP_PEER_G.BOB_SECRET=secret-of-bob"], []],
    ["another value stays", ["BTP_PEER_G.BOB_SECRET=secret-of-amy"], ["BTP_PEER_G.BOB_SECRET=secret-of-amy"]],
    ["another name stays", ["TOKEN=secret-of-bob"], ["TOKEN=secret-of-bob"]],
    ["more than the value stays", ["BTP_PEER_G.BOB_SECRET=secret-of-bob;"], ["BTP_PEER_G.BOB_SECRET=secret-of-bob;"]],
    ["another town's stays", ["BTP_PEER_G.AMY_SECRET=secret-of-amy"], ["BTP_PEER_G.AMY_SECRET=secret-of-amy"]],
  ])("of a connector: %s", (_what, environment, left) => {
    for (const argv of [CONNECTOR_COMMAND, ["/usr/bin/anon", "-f", "anonrc"]]) {
      const process = { pid: "1", argv, environment: ["PATH=/bin", ...environment] };
      const expected = { ...process, environment: ["PATH=/bin", ...left] };
      expect(withoutExpected(process, labels("connector"), wanted)).toEqual(expected);
    }
  });

  it.each([
    ["another program in the connector's container", ["sh"], "connector"],
    ["the connector's program in another container", CONNECTOR_COMMAND, "sidecar"],
    ["another program in the relay's container", ["sh"], "relay"],
  ])("of %s: all stays", (_what, argv, role) => {
    const environment = ["BTP_PEER_G.BOB_SECRET=secret-of-bob", "NODE_NOSTR_SECRET_KEY=k"];
    const process = { pid: "1", argv, environment };
    expect(withoutExpected(process, labels(role), wanted)).toEqual(process);
  });

  it("of a Town relay: what it is given in the variables for that goes, the same elsewhere stays", () => {
    const process = (...environment: string[]) => ({ pid: "1", argv: TOWN_RELAY_COMMAND, environment });
    const given = ["NODE_NOSTR_SECRET_KEY=k", "BTP_PEER_G.HOME_SECRET=s", "PUBLIC_BTP_URL=u"];
    expect(withoutExpected(process("PATH=/bin", ...given, "COPY=k"), labels("relay"), [])).toEqual(
      process("PATH=/bin", "COPY=k"),
    );
  });
});

describe("a scan", () => {
  const fills: Collector = { name: "full", quick: true, collect: (_scene, look) => look({ place: "p", content: "x" }) };
  const slow: Collector = { ...fills, name: "slow", quick: false };

  it("reports a collector that found nothing to search, so that an empty place does not pass for a clean one", async () => {
    const empty: Collector = { name: "empty", quick: true, collect: () => Promise.resolve() };
    const blank: Collector = { ...empty, name: "blank", collect: (_scene, look) => look({ place: "p", content: "" }) };
    const collectors = [fills, empty, blank];
    const { leaks, looked } = await scanStack(sceneOf({}), { quick: true, collectors });
    expect(leaks).toEqual(
      ["empty", "blank"].map((place) => ({ place, name: "nothing", encoding: "there was nothing to search" })),
    );
    expect(looked).toEqual([
      { collector: "full", places: 1, bytes: 1 },
      { collector: "empty", places: 0, bytes: 0 },
      { collector: "blank", places: 1, bytes: 0 },
    ]);
  });

  it.each([
    [true, ["full"]],
    [false, ["full", "slow"]],
  ])("with quick: %s looks at %j", async (quick, names) => {
    const { looked } = await scanStack(sceneOf({}), { quick, collectors: [fills, slow] });
    expect(looked.map(({ collector }) => collector)).toEqual(names);
  });

  it.each([
    [true, ["the host's files"]],
    [undefined, []],
  ])("of a Docker host elsewhere (%s) says what it leaves out there: %j", async (elsewhere, expected) => {
    const files: Collector = { ...fills, unseenElsewhere: "the host's files" };
    const scene = { ...sceneOf({}), ...(elsewhere && { elsewhere }) };
    const { unseen } = await scanStack(scene, { quick: true, collectors: [fills, files] });
    expect(unseen).toEqual(expected);
  });

  it("fails when a collector does, without its secrets, and tells what was found before and by the others", async () => {
    const finds =
      (name: string): Collector["collect"] =>
      (_scene, look) =>
        look({ place: name, content: SECRET });
    const broken: Collector = {
      ...{ name: "broken", quick: true },
      collect: async (scene, look) => {
        await finds("before")(scene, look);
        throw new Error(`no engine for ${SECRET}`);
      },
    };
    const other: Collector = { name: "other", quick: true, collect: finds("elsewhere") };
    const { leaks } = await scanStack(sceneOf({}), { quick: true, collectors: [broken, other] });
    expect(leaks).toEqual([
      { place: "before", name: "it", encoding: "raw" },
      { place: "broken", name: "the rest", encoding: "was not searched: no engine for [secret]" },
      { place: "elsewhere", name: "it", encoding: "raw" },
    ]);
  });
});

describe("a tar archive", () => {
  const archive = tarOf([
    { name: "a", content: "x".repeat(100_000) },
    { name: "b", mode: 0o644, uid: 7, content: "second" },
    { name: "c/", mode: 0o755 },
  ]);
  const inPieces = () =>
    Readable.from(
      Array.from({ length: Math.ceil(archive.length / 999) }, (_, at) => archive.subarray(at * 999, (at + 1) * 999)),
    );

  it("is shown file by file, contents and modes", async () => {
    const seen: unknown[] = [];
    await eachTarEntry(inPieces(), async ({ name, type, mode, uid }, content) => {
      seen.push([name, type, mode, uid, (await buffer(content)).length]);
    });
    expect(seen).toEqual([
      ["a", "file", 0o600, UID, 100_000],
      ["b", "file", 0o644, 7, 6],
      ["c/", "directory", 0o755, UID, 0],
    ]);
  });

  it("goes on where a content is left unread", async () => {
    const seen: string[] = [];
    await eachTarEntry(inPieces(), async ({ name }, content) => {
      if (name === "b") seen.push(await text(content));
    });
    expect(seen).toEqual(["second"]);
  });

  it("ends with the visitor's error", async () => {
    await expect(eachTarEntry(inPieces(), () => Promise.reject(new Error("enough")))).rejects.toThrow("enough");
  });
});
