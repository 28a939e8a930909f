import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anonrc, groundOf, packetBy, urlOf, type Ground } from "./byHand";
import { docker, packet, TestStack, within } from "./support";

/**
 * A peer that was set up by hand, in the shape of the connector's own documentation: a daemon of its own, and a
 * connector that shares its network namespace.
 */
const stack = new TestStack("e2e-plain");
const HOME = "town-ator-e2e-plain-home-connector";
const [DAEMON, CONNECTOR] = ["e2e-plain-carol-anon", "e2e-plain-carol-connector"];
/** Carol's files, which are hers to keep secret: `make verify` looks into no folder of this name. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "e2e-carol-"));
const TOKEN = randomBytes(24).toString("base64url");
const ADMIN_KEY = randomBytes(24).toString("base64url");
const CONFIG = `config:
  town-ator:towns: { home: { nodeId: g.home, peers: { g.carol: {} } } }
`;

let ground: Ground;
/** Carol's address, as her daemon makes it. */
let url: string;
/** What Alice sends: for the YAML, and the whole text. */
let printed: { peers: object[]; routes: object[]; text: string };

/** What `make invite FORMAT=connector` prints on stdout. */
async function printedForCarol(): Promise<string> {
  const { exitCode, output } = await stack.shell(
    `make --silent invite STACK=${stack.name} TOWN=home PEER=g.carol FORMAT=connector 2>/dev/null`,
  );
  expect(exitCode).toBe(0);
  return output;
}

async function startDaemon(): Promise<string> {
  const file = path.join(folder, "anonrc");
  fs.writeFileSync(file, anonrc(ground, "/tmp/hs"));
  const command = ["--entrypoint", "anon", ground.anon, "--defaults-anonrc", "/dev/null", "-f", "/anonrc"];
  const options = ["--detach", "--name", DAEMON, "--network", ground.network, "--volume", `${file}:/anonrc:ro`];
  await docker("run", ...options, ...command);
  return urlOf(DAEMON, "/tmp/hs");
}

/** Starts carol's connector again, with these peers and this environment. */
async function startConnector(peers: object[], environment: Record<string, string> = {}): Promise<void> {
  const file = path.join(folder, "connector.yaml");
  const own = { prefix: "g.carol", nextHop: "g.carol", priority: 0 };
  fs.writeFileSync(
    file,
    stringify({
      nodeId: "g.carol",
      btpServerPort: 3000,
      healthCheckPort: 8080,
      adminApi: { enabled: true, host: "127.0.0.1", port: 8081, apiKey: ADMIN_KEY },
      transport: { type: "socks5", socksProxy: "socks5h://127.0.0.1:9050", externalUrl: url, managed: false },
      peers,
      routes: [own, ...printed.routes],
    }),
  );
  await stack.shell(`docker rm --force ${CONNECTOR}`);
  const variables = Object.entries({ CONFIG_FILE: "/connector.yaml", BTP_ALLOW_NOAUTH: "false", ...environment });
  await docker(
    ...["run", "--detach", "--name", CONNECTOR, "--network", `container:${DAEMON}`],
    ...["--volume", `${file}:/connector.yaml:ro`],
    ...variables.flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ground.connector,
  );
}

async function bothWays(): Promise<void> {
  await within(90, "a packet from carol to home", () =>
    packetBy(CONNECTOR, "g.home", { port: 8081, apiKey: ADMIN_KEY }),
  );
  await within(60, "a packet from home to carol", () => packet(HOME, "g.carol"));
}

async function remove(): Promise<void> {
  await stack.shell(`docker rm --force --volumes ${CONNECTOR} ${DAEMON}`);
}

beforeAll(async () => {
  await remove();
  await stack.begin(CONFIG);
  await stack.made("up");
  ground = await groundOf(stack, "home");
  url = await startDaemon();
  const text = await printedForCarol();
  printed = { ...(parse(text) as { peers: object[]; routes: object[] }), text };
});

afterAll(async () => {
  await remove();
  await stack.erase();
  fs.rmSync(folder, { recursive: true });
});

describe("a town and a connector that was set up by hand", () => {
  it("exchange packets once what the town's operator sends is in the connector's YAML", async () => {
    expect(printed.text).toContain("#   BTP_PEER_G.HOME_SECRET=<");
    await startConnector(printed.peers);
    await bothWays();
  });

  it("exchange packets once the town has the connector's url and token, and it alone dials", async () => {
    await startConnector([], { "BTP_PEER_G.HOME_SECRET": TOKEN });
    await stack.made("accept", { TOWN: "home", PEER: "g.carol" }, `${url}\n${TOKEN}\n`);
    const config = fs.readFileSync(stack.configFile, "utf8");
    for (const secret of [url.slice(5, 61), TOKEN]) expect(config).not.toContain(secret);
    const { output } = await stack.made("up");
    expect(output).toMatch(/g\.carol *: "expected" => "dialled"/);
    await bothWays();
    await stack.made("verify");
    expect((await printedForCarol()).split("\n")).toContain(`BTP_PEER_G.HOME_SECRET=${TOKEN}`);
  });
});
