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
import { assertStackExists, prepareStack } from "../pulumi/stack";
import { containersOf } from "../docker/stackContainers";
import { configOf, secretsOf } from "../pulumi/stackState";
import { doorChecks, reach } from "./atTheDoor";
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
import {
  allPassed,
  failed,
  makeCheck,
  passed,
  renderReport,
  type Check,
  type CheckResult,
  type Outcome,
} from "./report";
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
 * @returns whether every check passed
 * @throws UserError when it cannot even begin: no stack, no outputs, a Docker host elsewhere
 */
export async function verify(options: { stack: string; environment: Environment }): Promise<boolean> {
  const { stack, environment } = options;
  assertLocalEngine(environment.dockerHost);
  await assertStackExists(stack);
  const start = performance.now();
  const facts = await during(`reading the stack ${stack}`, () => readFacts(environment, stack));
  const docker = dockerClient(environment.dockerHost);
  const results: CheckResult[] = [];
  const reportOf = (made: readonly CheckResult[]) =>
    redact(
      renderReport(`The stack ${stack}, seen from outside:`, made, (performance.now() - start) / 1000),
      facts.secrets.flatMap(({ value }) => (typeof value === "string" ? [value] : [])),
    );
  const make = async (check: Check) => results.push(await during(check.waitsFor ?? check.name, () => makeCheck(check)));

  for (const check of standingChecks(docker, stack, facts)) await make(check);
  await withSecondDaemon(docker, stack, facts, make, async (daemon) => {
    // Before everything else that dials: the first checks want a daemon that has no key yet, and the others one that
    // has them.
    const ring = daemon && keyRing(daemon.control);
    for (const check of ring ? restrictedChecks(facts, daemon, ring) : []) await make(check);
    const words = connectorWords(docker);
    const peerings = peeringsOf(facts.towns, facts.held, facts.direct);
    // Before the door's checks, so that peers have time to dial in and none is mistaken for absent.
    const patience = new Patience(Math.max(...Object.values(facts.towns).map(budgetOf)));
    const present = ring && presentThrough(daemon.socks, ring);
    for (const check of peerings.flatMap((peering) => peerChecks(peering, { words, present, patience })))
      await make(check);
    const ofTown = (name: string) => peerings.filter(({ town }) => town === name);
    const checks = daemon
      ? Object.entries(facts.towns).flatMap(([name, town]) => townChecks(name, town, ofTown(name), words, daemon))
      : [];
    for (const check of checks) await make(check);
    const said = () => [{ place: "the report of make verify", content: reportOf(results) }];
    await make({
      name: "nothing secret can be read",
      run: () => scan({ ...facts, docker, stack, environment, said: said() }),
    });
  });

  process.stdout.write(`${reportOf(results)}\n`);
  return allPassed(results);
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
  /** The arguments of `prepareStack`. */
  readonly chosen: readonly string[];
}

async function readFacts(environment: Environment, stack: string): Promise<Facts> {
  const chosen = await prepareStack(environment, stack);
  const [outputs, config, random] = await Promise.all([
    readTowns(environment, stack),
    configOf(environment, chosen),
    secretsOf(environment, stack),
  ]);
  const towns = Object.entries(outputs);
  if (towns.length === 0) throw new UserError(`The stack ${stack} has no town: run \`make up\` first.`);
  const held = await heldInvites(config, (other) => readTowns(environment, other));
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
  return { towns: outputs, held, direct: directPeers(config), secrets, operatorKeys, chosen };
}

function standingChecks(docker: Docker, stack: string, { towns }: Facts): Check[] {
  const expected = Object.values(towns).flatMap(({ containers }) => [containers.connector, containers.sidecar]);
  return [
    { name: "every container is well", run: async () => judgeContainers(await containersOf(docker, stack), expected) },
    ...Object.entries(towns).flatMap(([name, town]): Check[] => [
      ...addressesOf(town).map((address) => ({
        name: `${name}: the ${nameOf(address.which, "fingerprint")} is the ${nameOf(address.which, "address")}'s`,
        run: () => Promise.resolve(judgeFingerprint(address)),
      })),
      {
        name: `${name}: the connector is healthy`,
        run: () =>
          passesWithin(HEALTH_MS, async () =>
            judgeHealth(await readHealth(docker, town.containers.connector), town.nodeId),
          ),
      },
    ]),
  ];
}

function restrictedChecks({ towns, operatorKeys }: Facts, { socks }: SecondDaemon, ring: KeyRing): Check[] {
  return Object.entries(towns).flatMap(([name, town]) => {
    if (town.discovery === "open") return [];
    const checks = discoveryChecks({
      addresses: addressesOf(town),
      peers: Object.entries(town.invites).map(([peerId, text]) => ({ peerId, key: parseInvite(text).key })),
      operatorKey: operatorKeys.get(name),
      dialOf: (host) => dialThrough(socks, host, CONNECT_MS),
      ring,
      deadlineMs: budgetOf(town),
    });
    return checks.map((check) => ({ ...check, name: `${name}: ${check.name}` }));
  });
}

function townChecks(
  name: string,
  town: TownOutputs,
  peerings: readonly Peering[],
  words: ConnectorWords,
  daemon: SecondDaemon,
): Check[] {
  const host = hostOf(town);
  const invite = peerings[0]?.ownInvite;
  const checks = doorChecks({
    host,
    dial: dialThrough(daemon.socks, host, CONNECT_MS),
    ...(invite && { peer: { peerId: invite.peerId, token: invite.token } }),
    rightClaim: () => chooseRightClaim(words, peerings),
    access: town.access,
    deadlineMs: budgetOf(town),
    answerMs: ANSWER_MS,
  });
  const others = addressesOf(town)
    .slice(1)
    .map((other): Check => ({
      name: `the ${nameOf(other.which, "address")} is reached`,
      run: () => reach({ dial: dialThrough(daemon.socks, other.host, CONNECT_MS), deadlineMs: budgetOf(town) }),
    }));
  return [...checks, ...others].map((check) => ({ ...check, name: `${name}: ${check.name}` }));
}

function budgetOf(town: TownOutputs): number {
  return town.network === "local" ? BUDGET_MS.local : BUDGET_MS.public;
}

/**
 * Runs `use` with a second daemon, and removes it afterwards whatever happens, an interrupt included; without one if it
 * did not come up.
 */
async function withSecondDaemon(
  docker: Docker,
  stack: string,
  facts: Facts,
  make: (check: Check) => Promise<unknown>,
  use: (daemon: SecondDaemon | undefined) => Promise<void>,
): Promise<void> {
  const cleanUp = new CleanUp();
  try {
    let daemon: SecondDaemon | undefined;
    await make({
      name: "a second daemon joins the network",
      run: async () => {
        const [town] = Object.values(facts.towns) as [TownOutputs];
        daemon = await startSecondDaemon(docker, {
          ...(await sidecarFacts(docker, town.containers.sidecar)),
          stack,
          includePath: PATHS.localNetwork,
          deadlineMs: budgetOf(town),
          onRemovable: (remove) => cleanUp.set(remove),
        });
        return passed();
      },
    });
    await use(daemon);
  } finally {
    await cleanUp.end();
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
