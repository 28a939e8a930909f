import type Docker from "dockerode";
import { discoveryKeyFromSecret } from "../../components/core/discovery";
import { formatInvite, parseInvite } from "../../components/core/invite";
import { operatorKeyName } from "../../components/core/names";
import { PATHS } from "../../components/core/ports";
import { redact } from "../../components/core/redact";
import { dockerClient } from "../docker/dockerHost";
import type { Environment } from "../pulumi/environment";
import { scanStack } from "../leaks/index";
import type { Scene } from "../leaks/scene";
import type { Leak, NamedSecret } from "../leaks/scan";
import { secretsToLookFor } from "../leaks/secrets";
import { readPassphrase } from "../pulumi/localBackend";
import { UserError } from "../console/project";
import { during } from "../console/say";
import { Pulumi } from "../pulumi/pulumi";
import { assertStackExists, chooseStack } from "../pulumi/stack";
import { containersOf } from "../docker/stackContainers";
import { secretsOf } from "../pulumi/stackState";
import { doorChecks, reach } from "./atTheDoor";
import { Checks } from "./checks";
import { CleanUp } from "./cleanUp";
import { connectorWords, type ConnectorWords } from "./connectorWords";
import { judgeContainers, judgeHealth, readHealth, sidecarFacts } from "./containers";
import { startSecondDaemon, type SecondDaemon } from "./daemon";
import { discoveryChecks } from "./discovery";
import { dialThrough } from "./door";
import { configuredInvites, directPeers, heldInvites } from "./heldInvites";
import { keyRing, type KeyRing } from "./keyRing";
import { Patience, peerChecks } from "./peerChecks";
import { chooseRightClaim, peeringsOf, type DirectPeers, type HeldInvites, type Peering } from "./peerings";
import { passesWithin } from "./passesWithin";
import { ANSWER_MS, CONNECT_MS, presentThrough } from "./presentThrough";
import { allPassed, failed, failedBy, passed, renderReport, type Check, type Outcome } from "./report";
import { addressesOf, hostOf, judgeFingerprint, nameOf, readTowns, type TownOutputs } from "./stackFacts";

/**
 * Milliseconds for the second daemon to find its way into the network, and again to find a town's service: the budgets
 * of `up` itself.
 */
const BUDGET_MS = { local: 60_000, public: 300_000 };
/** Milliseconds for the connector to notice that its proxy is back: it looks every 30 s. */
const HEALTH_MS = 35_000;
/**
 * Proves from the outside that a deployed stack works, through a second daemon: who gets in over the hidden service and
 * who does not, that the towns' peers are connected and packets come back from them, that the containers are well, and
 * that nothing secret stands where it can be read. Prints a redacted report with the time of each check.
 *
 * One daemon serves all towns: it keeps circuits and keys apart by service, so the towns are checked side by side.
 * Three phases are kept apart, because there one town's checks would disturb another's.
 *
 * @returns whether every check passed
 * @throws UserError when it cannot even begin: no stack, no outputs, a Docker host elsewhere
 */
export async function verify(options: { stack: string; environment: Environment }): Promise<boolean> {
  const { stack, environment } = options;
  assertLocalEngine(environment.dockerHost);
  await assertStackExists(stack);
  const start = performance.now();
  const pulumi = await chooseStack(environment, stack);
  const facts = await during(`reading the stack ${stack}`, () => readFacts(pulumi));
  const docker = dockerClient(environment.dockerHost);
  const checks = new Checks(Object.keys(facts.towns));
  const report = () =>
    redact(
      renderReport(`The stack ${stack}, seen from outside:`, checks.results, (performance.now() - start) / 1000),
      facts.secrets.flatMap(({ value }) => (typeof value === "string" ? [value] : [])),
    );
  try {
    await makeChecks(checks, facts, docker, pulumi, report);
  } finally {
    process.stdout.write(`${report()}\n`);
  }
  return allPassed(checks.results);
}

async function makeChecks(checks: Checks, facts: Facts, docker: Docker, pulumi: Pulumi, report: () => string) {
  const { stack } = pulumi;
  const { towns } = facts;
  const expected = Object.values(towns).flatMap(({ containers }) => [containers.connector, containers.sidecar]);
  await checks.ofStack({
    name: "every container is well",
    run: async () => judgeContainers(await containersOf(docker, stack), expected),
  });
  const second = new SecondDaemonOf(docker, stack);
  try {
    await Promise.all([
      checks.ofStack({ name: "a second daemon joins the network", run: () => second.start(Object.values(towns)[0]!) }),
      checks.ofTowns("its own state", (name) => standingChecks(docker, towns[name]!)),
    ]);
    const daemon = second.daemon;
    const ring = daemon && keyRing(daemon.control);
    // First, before any other check dials: these need a daemon without keys, and leave it with the operator's.
    if (ring) await checks.ofTowns("its discovery", (name) => restrictedChecks(name, facts, daemon, ring));
    const words = connectorWords(docker);
    const peeringsOfTown = (name: string) =>
      peeringsOf(towns, facts.held, facts.direct).filter(({ town }) => town === name);
    // Before the door's checks: these present a token only in the name of a peer that has had its time to connect.
    const patience = new Patience(Math.max(...Object.values(towns).map(budgetOf)));
    const present = ring && presentThrough(daemon.socks, ring);
    await checks.ofTowns("its peers", (name) =>
      peeringsOfTown(name).flatMap((peering) => peerChecks(peering, { words, present, patience })),
    );
    if (daemon)
      await checks.ofTowns("its door", (name) => doorOfTown(towns[name]!, peeringsOfTown(name), words, daemon));
    const said = () => [{ place: "the report of make verify", content: report() }];
    await checks.ofStack({
      name: "nothing secret can be read",
      run: () =>
        scan({
          secrets: facts.secrets,
          docker,
          stack,
          pulumi,
          said: said(),
        }),
    });
  } finally {
    await second
      .end()
      .catch((error: unknown) =>
        checks.ofStack({ name: "the second daemon is removed", run: () => Promise.resolve(failedBy(error)) }),
      );
  }
}

/** What is read of a stack before anything is checked. */
interface Facts {
  readonly towns: Readonly<Record<string, TownOutputs>>;
  /** Invites of peers that are no towns of this stack. */
  readonly held: HeldInvites;
  readonly direct: DirectPeers;
  readonly secrets: readonly NamedSecret[];
  /** The operator's keys for the discovery of towns where it is restricted, by town. */
  readonly operatorKeys: ReadonlyMap<string, string>;
}

async function readFacts(pulumi: Pulumi): Promise<Facts> {
  const { environment } = pulumi;
  const [outputs, config, random] = await Promise.all([readTowns(pulumi), pulumi.config(), secretsOf(pulumi)]);
  const towns = Object.entries(outputs);
  if (towns.length === 0) throw new UserError(`The stack ${pulumi.stack} has no town: run \`make up\` first.`);
  const held = await heldInvites(config, (other) => readTowns(new Pulumi(environment, other)));
  const configured = configuredInvites(config);
  const invites = [
    ...towns.flatMap(([town, ofTown]) =>
      Object.entries(ofTown.invites).map(([peer, text]) => [`of ${town}/${peer}`, text] as const),
    ),
    ...Object.entries(configured).flatMap(([town, ofTown]) =>
      Object.entries(ofTown).map(([peer, text]) => [`held by ${town}/${peer}`, text] as const),
    ),
    ...[...held].flatMap(([town, ofTown]) =>
      [...ofTown]
        .filter(([peer]) => configured[town]?.[peer] === undefined)
        .map(([peer, invite]) => [`for ${town} of another stack's ${peer}`, formatInvite(invite)] as const),
    ),
  ];
  const secrets = secretsToLookFor({
    random,
    addresses: new Map(
      towns.flatMap(([name, town]) =>
        addressesOf(town).map(({ which, host }) => [which === "current" ? name : `${name} (${which})`, host] as const),
      ),
    ),
    invites: new Map(invites),
    config,
    passphrase: await readPassphrase(environment.env),
  });
  const operatorKeys = new Map(
    towns.flatMap(([town]) => {
      const secret = random.get(operatorKeyName(town));
      return secret === undefined ? [] : [[town, discoveryKeyFromSecret(secret).privateKey] as const];
    }),
  );
  return { towns: outputs, held, direct: directPeers(config), secrets, operatorKeys };
}

function standingChecks(docker: Docker, town: TownOutputs): Check[] {
  return [
    ...addressesOf(town).map((address) => ({
      name: `the ${nameOf(address.which, "fingerprint")} is the ${nameOf(address.which, "address")}'s`,
      run: () => Promise.resolve(judgeFingerprint(address)),
    })),
    {
      name: "the connector is healthy",
      run: () =>
        passesWithin(HEALTH_MS, async () =>
          judgeHealth(await readHealth(docker, town.containers.connector), town.nodeId),
        ),
    },
  ];
}

function restrictedChecks(
  name: string,
  { towns, operatorKeys }: Facts,
  { socks }: SecondDaemon,
  ring: KeyRing,
): readonly Check[] {
  const town = towns[name]!;
  if (town.discovery === "open") return [];
  return discoveryChecks({
    addresses: addressesOf(town),
    peers: Object.entries(town.invites).map(([peerId, text]) => ({ peerId, key: parseInvite(text).key })),
    operatorKey: operatorKeys.get(name),
    dialOf: (host) => dialThrough(socks, host, CONNECT_MS),
    ring,
    deadlineMs: budgetOf(town),
  });
}

function doorOfTown(
  town: TownOutputs,
  peerings: readonly Peering[],
  words: ConnectorWords,
  { socks }: SecondDaemon,
): Check[] {
  const host = hostOf(town);
  const invite = peerings[0]?.ownInvite;
  const deadlineMs = budgetOf(town);
  const dialOf = (to: string) => dialThrough(socks, to, CONNECT_MS);
  return [
    ...doorChecks({
      host,
      dial: dialOf(host),
      ...(invite && { peer: { peerId: invite.peerId, token: invite.token } }),
      rightClaim: () => chooseRightClaim(words, peerings),
      access: town.access,
      deadlineMs,
      answerMs: ANSWER_MS,
    }),
    ...addressesOf(town)
      .slice(1)
      .map((other) => ({
        name: `the ${nameOf(other.which, "address")} is reached`,
        run: () => reach({ dial: dialOf(other.host), deadlineMs }),
      })),
  ];
}

function budgetOf(town: TownOutputs): number {
  return town.network === "local" ? BUDGET_MS.local : BUDGET_MS.public;
}

/** The second daemon of a run: removed at its end, or when an interrupt ends the process before that. */
class SecondDaemonOf {
  /** Undefined until it has joined the network. */
  daemon: SecondDaemon | undefined;
  readonly #cleanUp = new CleanUp();

  constructor(
    readonly docker: Docker,
    readonly stack: string,
  ) {}

  /** Starts it where a town's sidecar is. */
  async start(town: TownOutputs): Promise<Outcome> {
    this.daemon = await startSecondDaemon(this.docker, {
      ...(await sidecarFacts(this.docker, town.containers.sidecar)),
      stack: this.stack,
      includePath: PATHS.localNetwork,
      deadlineMs: budgetOf(town),
      onRemovable: (remove) => this.#cleanUp.set(remove),
    });
    return passed();
  }

  end(): Promise<void> {
    return this.#cleanUp.end();
  }
}

async function scan(scene: Scene): Promise<Outcome> {
  const { leaks, looked } = await scanStack(scene, { quick: true });
  const places = looked.reduce((sum, collector) => sum + collector.places, 0);
  return judgeLeaks(leaks, places, scene.secrets.length);
}

/** The outcome of a scan: how much was looked through, or a line for each leak. */
export function judgeLeaks(leaks: readonly Leak[], places: number, secrets: number): Outcome {
  if (leaks.length > 0)
    return failed(leaks.map(({ place, name, encoding }) => `${place}: ${name} (${encoding})`).join("\n"));
  return passed(`${secrets} secrets in ${places} texts`);
}

/** Throws a UserError unless the Docker Engine is this machine's own. */
export function assertLocalEngine(dockerHost: string): void {
  if (/^(unix:\/\/|tcp:\/\/(127(\.\d+){3}|localhost)(:|$))/.test(dockerHost)) return;
  throw new UserError(
    "`make verify` reaches its second daemon over a bridge of the Docker host, so it has to run there: log in on that machine, and run it in this project.",
  );
}
