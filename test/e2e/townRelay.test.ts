import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { relayKeysFromRandom } from "../../components/core/townRelay";
import { idOf } from "../../images/relay/src/events";
import { readOutputs } from "../../tools/verify/stackFacts";
import { openPulumi } from "../../tools/pulumi/stack";
import { docker, nodeIn, TestStack, within } from "./support";

const stack = new TestStack("e2e-relay");
const AWAY = "town-ator-e2e-relay-away-connector";
const RELAY = "town-ator-e2e-relay-home-relay";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-e2e-relay-"));
const BACKUP = { TOWN: "home", FILE: path.join(folder, "home.age") };
const PASSPHRASE = "correct horse battery staple\n";
const READ_AT = "127.0.0.1:17100";

/** home has a relay; away is a stranger with an invite, who reaches it at home's address only. */
const config = (feePerEvent: number, topology = "gateway") => `config:
  town-ator:towns:
    home:
      nodeId: g.home
      topology: ${topology}
      relay: { feePerEvent: ${feePerEvent}, publish: "${READ_AT}" }
      peers: { g.away: {} }
    away:
      nodeId: g.away
      peers: { g.home: { town: home } }
`;

const unsigned = { pubkey: "a".repeat(64), created_at: 1, kind: 1, tags: [], content: "hello" };
const EVENT = { id: idOf(unsigned), ...unsigned, sig: "0".repeat(128) };

/** Sends a packet of amount 0 with an event in it from away to home's relay: `accepted`, or the code of the reject. */
async function published(event: object): Promise<string> {
  const packet = {
    destination: "g.home.relay",
    amount: "0",
    data: Buffer.from(JSON.stringify(event)).toString("base64"),
  };
  return nodeIn(
    AWAY,
    `const { admin } = JSON.parse(require("fs").readFileSync("/etc/town-ator/launcher.json", "utf8"));
    fetch("http://127.0.0.1:" + admin.port + "/admin/ilp/send", {
      method: "POST",
      headers: { "X-Api-Key": admin.apiKey, "Content-Type": "application/json" },
      body: ${JSON.stringify(JSON.stringify(packet))},
    }).then((answer) => answer.json()).then(({ accepted, code }) => console.log(accepted ? "accepted" : code))`,
  );
}

/** Waits at most a minute until the event is answered like this: away has to find home, and its connector the relay. */
const answered = (wanted: string) =>
  within(60, "an event from away to home's relay", async () => {
    const answer = await published(EVENT);
    return answer === wanted || answer;
  });

/** The ids of the events that a client of the published WebSocket is given. */
async function read(): Promise<string[]> {
  const socket = new WebSocket(`ws://${READ_AT}`, { handshakeTimeout: 10_000 });
  await once(socket, "open");
  const ids: string[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    socket.on("close", () => reject(new Error("closed before EOSE")));
    socket.on("message", (message: Buffer) => {
      const [type, , event] = JSON.parse(message.toString("utf8")) as [string, string, { id: string }];
      if (type === "EVENT") ids.push(event.id);
      if (type === "EOSE") resolve();
    });
  });
  socket.send(JSON.stringify(["REQ", "all", { kinds: [1] }]));
  await ended;
  socket.removeAllListeners("close");
  socket.terminate();
  return ids;
}

beforeAll(() => stack.begin(config(0)));
afterAll(async () => {
  await stack.erase();
  fs.rmSync(folder, { recursive: true });
});

describe("a town with a relay of its own", () => {
  it("comes up healthy, passes verify, and a second preview has no change", async () => {
    await stack.made("up");
    const { output } = await stack.made("verify");
    expect(output).toMatch(/home: its relay answers +passed/);
    const { exitCode, output: preview } = await stack.pulumi("preview", "--expect-no-changes");
    expect(exitCode, preview).toBe(0);
    expect((await stack.made("status")).output).not.toContain("NOT WELL");
  });

  it("takes an event that comes from outside at its address, and clients read it", async () => {
    await answered("accepted");
    expect(await published({ ...EVENT, content: "forged" })).toBe("F06");
    expect(await read()).toEqual([EVENT.id]);
  });

  it("shows its keys and tokens to nobody who may only look at its containers", async () => {
    const secrets = await stack.secrets();
    const { nostr, settlement } = relayKeysFromRandom(secrets["home-relay-seed"]!);
    const { output } = await docker("inspect", RELAY, `${RELAY}-files`);
    const { output: log } = await docker("logs", RELAY);
    const shown = Object.entries({ ...secrets, nostr, settlement: settlement.slice(2) }).filter(([, value]) =>
      `${output}${log}`.includes(value),
    );
    expect(shown.map(([name]) => name)).toEqual([]);
  });

  it("keeps its events and its keys when its container is replaced", async () => {
    const key = async () => (await readOutputs(await openPulumi(stack.name))).towns["home"]!.relay!.publicKey;
    const [before, { output: id }] = [await key(), await docker("inspect", "--format", "{{.Id}}", RELAY)];
    stack.configure(config(7));
    await stack.made("up");
    expect((await docker("inspect", "--format", "{{.Id}}", RELAY)).output).not.toBe(id);
    expect(await read()).toEqual([EVENT.id]);
    expect(await key()).toBe(before);
    // What it now asks for, away cannot pay: nothing is settled here.
    await answered("F04");
  });

  it("is missed by status when its container is gone", async () => {
    await stack.made("data-backup", BACKUP, PASSPHRASE);
    await docker("rm", "--force", RELAY);
    const { exitCode, output } = await stack.make("status");
    expect(output).toMatch(/^home +NOT WELL +the relay is missing/m);
    expect(exitCode).not.toBe(0);
    expect((await stack.make("status", { TOWN: "home" })).output).toMatch(/^ +the relay is missing$/m);
    const { output: json } = await stack.make("status", { JSON: "1" });
    expect(json).toContain('"the relay is missing"');
  });

  it("has its events again from a backup of the town's data when its volume is lost", async () => {
    await docker("rm", "--force", `${RELAY}-files`);
    await docker("volume", "rm", `${RELAY}-data`);
    await stack.made("up");
    expect(await read()).toEqual([]);
    const { output } = await stack.made("data-restore", { ...BACKUP, REPLACE: "newer" }, PASSPHRASE);
    expect(output).toMatch(/the relay of home has the data of the backup .*: 1 file, 1 KiB/);
    expect(await read()).toEqual([EVENT.id]);
    expect((await stack.made("verify")).output).toMatch(/home: its data have a backup +passed/);
  });

  it.each(["shared-namespace", "embedded"])("has it behind its address in the topology %s too", async (topology) => {
    stack.configure(config(0, topology));
    await stack.made("up");
    await answered("accepted");
  });

  it("leaves nothing behind when it is taken down", async () => {
    await stack.made("down");
    expect([await stack.objects("container"), await stack.objects("network"), await stack.objects("volume")]).toEqual([
      [],
      [],
      [],
    ]);
  });
});

describe("a town without ATOR that has a relay of its own", () => {
  it("comes up, passes verify, and a second preview has no change", async () => {
    stack.configure(`config:
  town-ator:towns:
    home: { nodeId: g.home, transport: direct, relay: { publish: "${READ_AT}" } }
`);
    await stack.made("up");
    expect((await stack.made("verify")).output).toMatch(/home: its relay answers +passed/);
    expect(await read()).toEqual([]);
    const { exitCode, output } = await stack.pulumi("preview", "--expect-no-changes");
    expect(exitCode, output).toBe(0);
    await stack.made("down");
  });
});
