import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../tools/console/run";
import { chooseStack } from "../../tools/pulumi/stack";
import { anonrc, groundOf, packetBy, urlOf, type Ground } from "./byHand";
import { fromOutside, townsOf } from "./outside";
import { docker, packet, PROJECT, TestStack, within } from "./support";

/**
 * Two deployments that were set up by hand move into a stack, by the steps of docs/how-to/migrate-from-compose.md and
 * migrate-from-hub.md. Both are peers of the town visitor, which is only there to be that: nothing of it changes.
 */
const stack = new TestStack("e2e-migrate");
const prefix = `town-ator-${stack.name}`;
const VISITOR = `${prefix}-visitor-connector`;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "e2e-migrate-"));
const HS = "/var/lib/anon/hs";
const secret = () => randomBytes(24).toString("base64url");

/** What the stack of the reference and hub's compose file leave on a Docker host. */
const OLD = {
  sidecar: "e2e-migrate-old-sidecar",
  connector: "e2e-migrate-old-connector",
  hub: "e2e-migrate-hub-hs-connector",
  volumes: { keys: "e2e-migrate-old-hs", data: "e2e-migrate-old-data", hub: "e2e-migrate-hub-hs-anon" },
};
/** By town: what the visitor presents to it, and what it presents to the visitor. */
const TOKENS = {
  home: { inbound: secret(), outbound: secret() },
  townhouse: { inbound: secret(), outbound: secret() },
};

let ground: Ground;
let visitorUrl: string;

/** A line that a user types, in the project's folder; throws with its output unless it succeeds. */
async function typed(line: string): Promise<string> {
  const { exitCode, output } = await stack.shell(line);
  if (exitCode !== 0) throw new Error(`${line} exited ${exitCode}:\n${output}`);
  return output;
}

/** By town and peer, what is at `town-ator:secrets`. */
const given: Record<string, Record<string, string>> = {};

/** Adds a town's given secrets to the stack's file, with `pulumi config set --secret`. */
async function give(town: string, secrets: Record<string, string>): Promise<void> {
  given[town] = secrets;
  const { pulumi, env } = await stack.environment();
  const args = ["config", "set", "--secret", "town-ator:secrets", "--stack", stack.name];
  await run(pulumi, args, { cwd: PROJECT, env, input: JSON.stringify(given) });
}

/** Declares a town in the stack's file, in place of what is there of it. */
function declare(town: string, settings: object): void {
  const file = parse(fs.readFileSync(stack.configFile, "utf8")) as {
    config: { "town-ator:towns": Record<string, object> };
  };
  file.config["town-ator:towns"][town] = settings;
  stack.configure(stringify(file));
}

/** An empty volume that belongs to the published image's user, closed to others, with files in it. */
async function ownVolume(name: string, files: Record<string, string> = {}): Promise<void> {
  const write = Object.entries(files).map(([file, text]) => `printf %s '${text}' >/hs/${file}`);
  const script = [...write, "chown -R 1000:1000 /hs", "chmod 700 /hs"].join(" && ");
  const options = ["--rm", "--network", "none", "--user", "0", "--volume", `${name}:/hs`, "--entrypoint", "/bin/sh"];
  await docker("run", ...options, ground.anon, "-c", script);
}

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
}

const route = (prefix: string) => ({ prefix, nextHop: prefix, priority: 0 });

/** The shape of the connector's documentation: a sidecar, and a connector that shares its network namespace. */
async function startCompose(): Promise<string> {
  const { keys, data } = OLD.volumes;
  await ownVolume(keys);
  const rc = written("anonrc", anonrc(ground, HS));
  await docker(
    ...[
      "run",
      "--detach",
      "--restart",
      "always",
      "--name",
      OLD.sidecar,
      "--network",
      ground.network,
      "--user",
      "1000:1000",
    ],
    ...["--volume", `${keys}:${HS}`, "--volume", `${rc}:/anonrc:ro`, "--entrypoint", "anon", ground.anon],
    ...["--defaults-anonrc", "/dev/null", "-f", "/anonrc"],
  );
  const url = await urlOf(OLD.sidecar, HS);
  const config = {
    nodeId: "g.home",
    btpServerPort: 3000,
    adminApi: { enabled: true, host: "127.0.0.1", port: 8081 },
    transport: { type: "socks5", socksProxy: "socks5h://127.0.0.1:9050", externalUrl: url, managed: false },
    peers: [{ id: "g.visitor", url: visitorUrl, authToken: TOKENS.home.outbound }],
    routes: [route("g.home"), route("g.visitor")],
  };
  await docker(
    ...["run", "--detach", "--restart", "always", "--name", OLD.connector, "--network", `container:${OLD.sidecar}`],
    ...[
      "--volume",
      `${data}:/app/data`,
      "--volume",
      `${written("config.yaml", stringify(config))}:/app/config.yaml:ro`,
    ],
    ...["--env", `BTP_PEER_G.VISITOR_SECRET=${TOKENS.home.inbound}`, "--env", "BTP_ALLOW_NOAUTH=false"],
    ground.connector,
  );
  return url;
}

/** The shape of hub's hub-hs.yml: one connector that manages the daemon, and no volume for its data. */
async function startHub(): Promise<string> {
  await ownVolume(OLD.volumes.hub, { anonrc: anonrc(ground, HS) });
  const config = {
    nodeId: "g.townhouse",
    btpServerPort: 3000,
    adminApi: { enabled: true, host: "0.0.0.0", port: 9401 },
    transport: {
      ...{ type: "socks5", socksProxy: "socks5h://127.0.0.1:9050", externalUrl: "auto", managed: true },
      managedOptions: { hiddenServiceDir: HS, hiddenServicePort: 3000 },
    },
    peers: [],
    routes: [route("g.townhouse"), route("g.visitor")],
  };
  const file = written("connector.yaml", stringify(config));
  await docker(
    ...["run", "--detach", "--restart", "always", "--name", OLD.hub, "--network", ground.network],
    ...["--volume", `${file}:/config/connector.yaml:ro`, "--volume", `${OLD.volumes.hub}:${HS}`],
    ...[
      "--env",
      "CONFIG_FILE=/config/connector.yaml",
      "--env",
      `BTP_PEER_G.VISITOR_SECRET=${TOKENS.townhouse.inbound}`,
    ],
    ground.connector,
  );
  return urlOf(OLD.hub, HS);
}

async function removeOld(): Promise<void> {
  await stack.shell(`docker rm --force --volumes ${OLD.connector} ${OLD.sidecar} ${OLD.hub}`);
  await stack.shell(`docker volume rm --force ${Object.values(OLD.volumes).join(" ")}`);
}

/** Writes files like those of a ledger into a connector's data, and gives their names with their hashes. */
async function writeLedger(connector: string): Promise<string> {
  const script = `cd /app/data && mkdir claims && for file in claims/received.db claims/received.db-wal ledger.db; do
    { printf 'SQLite format 3\\0'; head -c 70000 /dev/urandom; } >$file; done`;
  await docker("exec", connector, "/bin/sh", "-c", script);
  return ledgerOf(connector);
}

async function ledgerOf(connector: string): Promise<string> {
  const files = "cd /app/data && find . -name '*.db*' -type f ! -path './.replaced-*' -exec sha256sum {} + | sort";
  return (await docker("exec", connector, "/bin/sh", "-c", files)).output;
}

const firstUp = (town: string, nodeId: string) => {
  declare(town, { nodeId, transport: "direct", peers: { "g.visitor": {} } });
  return stack.made("up");
};

/** Stops containers for good. */
async function stopped(...containers: string[]): Promise<void> {
  await docker("update", "--restart", "no", ...containers);
  await docker("stop", ...containers);
}

/** What a stranger is told at an address who presents what the visitor does. */
const dialled = (url: string, token: string) =>
  fromOutside(stack, VISITOR.replace(/connector$/, "sidecar"), ({ dial }) => dial(url, { peerId: "g.visitor", token }));

let homeUrl: string;
let hubUrl: string;

beforeAll(async () => {
  await removeOld();
  await stack.begin(`config:
  town-ator:towns: { visitor: { nodeId: g.visitor, peers: { g.home: {}, g.townhouse: {} } } }
`);
  await chooseStack(await stack.environment(), stack.name);
  await give("visitor", { "g.home": TOKENS.home.outbound, "g.townhouse": TOKENS.townhouse.outbound });
  await stack.made("up");
  ground = await groundOf(stack, "visitor");
  visitorUrl = (await townsOf(stack))["visitor"]!.anonUrl;
  [homeUrl, hubUrl] = await Promise.all([startCompose(), startHub()]);
  // The visitor dials hub's connector, and is dialled by that of compose.
  const accepted = `${hubUrl} ${TOKENS.townhouse.inbound}`;
  await stack.made("accept", { TOWN: "visitor", PEER: "g.townhouse" }, accepted);
});

afterAll(async () => {
  await removeOld();
  await stack.erase();
  fs.rmSync(folder, { recursive: true });
});

describe("a sidecar and a connector of docker compose", () => {
  const HOME = `${prefix}-home-connector`;
  let ledger: string;

  it("go on while the town that will take their place comes up without an address", async () => {
    await firstUp("home", "g.home");
    await within(120, "packets from g.home to its peer", () => packetBy(OLD.connector, "g.visitor", { port: 8081 }));
    ledger = await writeLedger(OLD.connector);
  });

  it("become a town with their address, their tokens and their ledger", async () => {
    declare("home", { nodeId: "g.home", peers: { "g.visitor": {} } });
    await typed(`docker cp ${OLD.sidecar}:${HS} - | make --silent identity-adopt STACK=${stack.name} TOWN=home`);
    await give("home", { "g.visitor": TOKENS.home.inbound });
    const outbound = `${visitorUrl} ${TOKENS.home.outbound}`;
    await stack.made("accept", { TOWN: "home", PEER: "g.visitor" }, outbound);
    await stopped(OLD.connector, OLD.sidecar);
    const adopted = await typed(
      `docker cp ${OLD.connector}:/app/data - | make --silent data-adopt STACK=${stack.name} TOWN=home`,
    );
    expect(adopted).toContain("home has the data of the older deployment: 3 files, 206 KiB");
    await stack.made("up");
    expect((await townsOf(stack))["home"]!.anonUrl === homeUrl).toBe(true);
    expect(await ledgerOf(HOME)).toBe(ledger);
    // Only g.home dials here: packets flow once it presents what it presented before.
    await within(90, "packets from the visitor to g.home", () => packet(VISITOR, "g.home"));
    expect(await dialled(homeUrl, TOKENS.home.inbound)).toBe("accepted");
  });
});

describe("hub's connector", () => {
  const TOWNHOUSE = `${prefix}-townhouse-connector`;
  let ledger: string;

  it("goes on while the town that will take its place comes up without an address", async () => {
    await firstUp("townhouse", "g.townhouse");
    await within(120, "packets from its peer to g.townhouse", () => packet(VISITOR, "g.townhouse"));
    ledger = await writeLedger(OLD.hub);
  });

  it("becomes a town with its address, its tokens and its ledger", async () => {
    declare("townhouse", { nodeId: "g.townhouse", topology: "embedded", peers: { "g.visitor": {} } });
    const tar = `docker run --rm --user 0 --volume ${OLD.volumes.hub}:/hs:ro --entrypoint tar ${ground.connector} c -C / hs`;
    await typed(`${tar} | make --silent identity-adopt STACK=${stack.name} TOWN=townhouse`);
    await give("townhouse", { "g.visitor": TOKENS.townhouse.inbound });
    await stopped(OLD.hub);
    await docker("exec", TOWNHOUSE, "/bin/sh", "-c", "umask 077; echo newer >/app/data/new.db");
    const pipe = `docker cp ${OLD.hub}:/app/data - | make --silent data-adopt STACK=${stack.name} TOWN=townhouse`;
    const refused = await stack.shell(pipe);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("townhouse has newer data than the older deployment; nothing is changed:");
    await typed(`${pipe} REPLACE=newer`);
    await stack.made("up");
    expect((await townsOf(stack))["townhouse"]!.anonUrl === hubUrl).toBe(true);
    expect(await ledgerOf(TOWNHOUSE)).toBe(ledger);
    // Only the visitor dials here, as it did before.
    await within(90, "packets from the visitor to g.townhouse", () => packet(VISITOR, "g.townhouse"));
    await stack.made("verify");
    // Last: a connector forgets its peer when another client of that name comes and goes.
    expect(await dialled(hubUrl, TOKENS.townhouse.inbound)).toBe("accepted");
  });
});
