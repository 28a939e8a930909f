import type Docker from "dockerode";
import { discoveryKeyFromSecret } from "../../components/core/discovery";
import { formatInvite, parseInvite } from "../../components/core/invite";
import { operatorKeyName } from "../../components/core/names";
import { redact } from "../../components/core/redact";
import { parseSettings } from "../../stack/settings";
import { dockerClient, isElsewhere, type DockerHost } from "../docker/dockerHost";
import { lastBackup, OLD_MS, spanOf } from "../docker/lastBackup";
import type { Environment } from "../pulumi/environment";
import { scanStack, type ScanResult } from "../leaks/index";
import type { NamedSecret } from "../leaks/scan";
import { secretsToLookFor } from "../leaks/secrets";
import { readPassphrase } from "../pulumi/localBackend";
import { UserError } from "../console/project";
import { during } from "../console/say";
import { Pulumi } from "../pulumi/pulumi";
import { assertStackExists, chooseStack } from "../pulumi/stack";
import { containersOf } from "../docker/stackContainers";
import { relayChecks } from "./townRelay";
import { secretsOf } from "../pulumi/stackState";
import { doorChecks, reach } from "./atTheDoor";
import { Checks } from "./checks";
import { undoWhenInterrupted } from "./cleanUp";
import { connectorWords, type ConnectorWords } from "./connectorWords";
import { daemonFacts, judgeContainers, judgeHealth } from "./containers";
import { removeSecondDaemon, startSecondDaemon, type SecondDaemon } from "./daemon";
import { directDoor, directPeerings } from "./directTowns";
import { discoveryChecks } from "./discovery";
import { dialThrough } from "./door";
import { keyRing, type KeyRing } from "./keyRing";
import { Patience, peerChecks } from "./peerChecks";
import { chooseRightClaim, peeringsOf, type Peering } from "./peerings";
import { ANSWER_MS, CONNECT_MS, presentThrough } from "./presentThrough";
import {
  allPassed,
  failed,
  failedBy,
  passed,
  passesWithin,
  renderReport,
  skipped,
  warned,
  type Check,
  type Outcome,
} from "./report";
import {
  addressesOf,
  daemonOf,
  hostOf,
  judgeFingerprint,
  nameOf,
  readOutputs,
  readTowns,
  type DirectTownOutputs,
  type TownOutputs,
} from "./stackFacts";
import { wayOutElsewhere, wayOutOf } from "./wayOut";
import { waysOf, type Ways } from "./ways";

/**
 * Milliseconds for the second daemon to find its way into the network, and again to find a town's service: the budgets
 * of `up` itself.
 */
const BUDGET_MS = { local: 60_000, public: 300_000 };
/** The same for a town without ATOR to be connected with its peers. */
const DIRECT_BUDGET_MS = 45_000;
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
 * @throws UserError when it cannot even begin: no stack, no outputs
 */
export async function verify(options: { stack: string; environment: Environment }): Promise<boolean> {
  const { stack, environment } = options;
  await assertStackExists(stack);
  const start = performance.now();
  const pulumi = await chooseStack(environment, stack);
  const facts = await during(`reading the stack ${stack}`, () => readFacts(pulumi));
  const docker = dockerClient(environment.dockerHost);
  const checks = new Checks([...Object.keys(facts.towns), ...Object.keys(facts.directTowns)]);
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
  const { towns, directTowns, host } = facts;
  const elsewhere = isElsewhere(host);
  const expected = [...Object.values(towns), ...Object.values(directTowns)].flatMap(({ containers }) =>
    Object.values(containers).filter((name) => name !== undefined),
  );
  await checks.ofStack({
    name: "every container is well",
    run: async () => judgeContainers(await containersOf(docker, stack), expected),
  });
  const words = connectorWords(docker);
  const remove = () => removeSecondDaemon(docker, stack);
  const giveSignalsBack = undoWhenInterrupted(remove);
  try {
    const [first] = Object.values(towns);
    const starting = first && startBeside(docker, { stack, elsewhere }, first);
    await Promise.all([
      starting &&
        checks.ofStack({ name: "a second daemon joins the network", run: () => starting.then(() => passed()) }),
      checks.ofTowns("its own state", (name) =>
        towns[name]
          ? standingChecks(docker, words, towns[name], facts)
          : [backupCheck(docker, directTowns[name]!, facts.keep), healthCheck(words, directTowns[name]!)],
      ),
    ]);
    const daemon = await starting?.catch(() => undefined);
    const ring = daemon && keyRing(daemon.control);
    // First, before any other check dials: these need a daemon without keys, and leave it with the operator's.
    if (ring)
      await checks.ofTowns("its discovery", (name) => (towns[name] ? restrictedChecks(name, facts, daemon, ring) : []));
    const peeringsOfTown = (name: string) =>
      directTowns[name]
        ? directPeerings(name, directTowns[name])
        : peeringsOf(towns, facts.ways).filter(({ town }) => town === name);
    // Before the door's checks: these present a token only in the name of a peer that has had its time to connect.
    const patience = new Patience(Math.max(DIRECT_BUDGET_MS, ...Object.values(towns).map(budgetOf)));
    const present = ring && presentThrough(daemon.open, ring);
    await checks.ofTowns("its peers", (name) =>
      peeringsOfTown(name).flatMap((peering) =>
        peerChecks(peering, { words, present: directTowns[name] ? undefined : present, patience }),
      ),
    );
    await checks.ofTowns("its relay", (name) => relayChecks((towns[name] ?? directTowns[name])!, words));
    await checks.ofTowns("its door", (name) => {
      if (directTowns[name]) return directDoor(directTowns[name], peeringsOfTown(name), { words, elsewhere });
      return daemon ? doorOfTown(towns[name]!, peeringsOfTown(name), words, daemon) : [];
    });
    await checks.ofStack({
      name: "nothing secret can be read",
      run: async () => {
        const said = [{ place: "the report of make verify", content: report() }];
        const { secrets } = facts;
        return judgeLeaks(
          await scanStack({ secrets, docker, elsewhere, stack, pulumi, said }, { quick: true }),
          secrets.length,
        );
      },
    });
  } finally {
    await remove().catch((error: unknown) =>
      checks.ofStack({ name: "the second daemon is removed", run: () => Promise.resolve(failedBy(error)) }),
    );
    giveSignalsBack();
  }
}

/** What is read of a stack before anything is checked. */
interface Facts {
  readonly host: DockerHost;
  readonly towns: Readonly<Record<string, TownOutputs>>;
  readonly directTowns: Readonly<Record<string, DirectTownOutputs>>;
  readonly ways: Ways;
  readonly secrets: readonly NamedSecret[];
  /** Whether the stack keeps its data. */
  readonly keep: boolean;
  /** The operator's keys for the discovery of towns where it is restricted, by town. */
  readonly operatorKeys: ReadonlyMap<string, string>;
}

async function readFacts(pulumi: Pulumi): Promise<Facts> {
  const { environment } = pulumi;
  const [all, config, random] = await Promise.all([readOutputs(pulumi), pulumi.config(), secretsOf(pulumi)]);
  const { towns: outputs, directTowns } = all;
  const towns = Object.entries(outputs);
  if (towns.length + Object.keys(directTowns).length === 0)
    throw new UserError(`The stack ${pulumi.stack} has no town: run \`make up\` first.`);
  const settings = parseSettings(config, pulumi.stack);
  const ways = await waysOf(settings, (other) => readTowns(new Pulumi(environment, other)));
  const invites = [
    ...towns.flatMap(([town, ofTown]) =>
      Object.entries(ofTown.invites).map(([peer, text]) => [`of ${town}/${peer}`, text] as const),
    ),
    ...[...ways].flatMap(([town, ofTown]) =>
      [...ofTown].flatMap(([peer, way]) =>
        way === "direct" ? [] : [[`held by ${town}/${peer}`, formatInvite(way)] as const],
      ),
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
  return {
    host: environment.dockerHost,
    towns: outputs,
    directTowns,
    ways,
    secrets,
    keep: settings.keep,
    operatorKeys,
  };
}

function standingChecks(docker: Docker, words: ConnectorWords, town: TownOutputs, { keep, host }: Facts): Check[] {
  const daemon = daemonOf(town);
  return [
    backupCheck(docker, town, keep),
    ...addressesOf(town).map((address) => ({
      name: `the ${nameOf(address.which, "fingerprint")} is the ${nameOf(address.which, "address")}'s`,
      run: () => Promise.resolve(judgeFingerprint(address)),
    })),
    healthCheck(words, town),
    // A local network has no route out.
    ...(town.network === "local"
      ? []
      : [
          {
            name: "the daemon's container reaches nothing but the public network",
            run: async () => {
              const { gateway } = await daemonFacts(docker, daemon);
              return isElsewhere(host)
                ? wayOutElsewhere(docker, daemon, gateway, host)
                : wayOutOf(docker, daemon, gateway);
            },
          },
        ]),
  ];
}

function backupCheck(docker: Docker, { containers }: Pick<TownOutputs, "containers">, keep: boolean): Check {
  return {
    name: "the connector's data have a backup",
    run: async () => judgeBackup(await lastBackup(docker, containers.connector), keep),
  };
}

function healthCheck(words: ConnectorWords, { containers, nodeId }: Pick<TownOutputs, "containers" | "nodeId">): Check {
  return {
    name: "the connector is healthy",
    run: () =>
      passesWithin(HEALTH_MS, async () => judgeHealth((await words.peers(containers.connector)).health, nodeId)),
  };
}

function restrictedChecks(
  name: string,
  { towns, operatorKeys }: Facts,
  { open }: SecondDaemon,
  ring: KeyRing,
): readonly Check[] {
  const town = towns[name]!;
  if (town.discovery === "open") return [];
  return discoveryChecks({
    addresses: addressesOf(town),
    peers: Object.entries(town.invites).map(([peerId, text]) => ({ peerId, key: parseInvite(text).key })),
    operatorKey: operatorKeys.get(name),
    dialOf: (host) => dialThrough(open, host, CONNECT_MS),
    ring,
    deadlineMs: budgetOf(town),
  });
}

function doorOfTown(
  town: TownOutputs,
  peerings: readonly Peering[],
  words: ConnectorWords,
  { open }: SecondDaemon,
): Check[] {
  const host = hostOf(town);
  const invite = peerings[0]?.ownInvite;
  const deadlineMs = budgetOf(town);
  const dialOf = (to: string) => dialThrough(open, to, CONNECT_MS);
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

/** Starts a second daemon where a town's sidecar is. */
async function startBeside(
  docker: Docker,
  where: { readonly stack: string; readonly elsewhere: boolean },
  town: TownOutputs,
): Promise<SecondDaemon> {
  const facts = await daemonFacts(docker, daemonOf(town));
  return startSecondDaemon(docker, { ...facts, ...where, deadlineMs: budgetOf(town) });
}

/** The outcome of looking for the last backup of a connector's data: a stack that keeps them needs a recent one. */
export function judgeBackup(last: Date | undefined, keep: boolean, now = Date.now()): Outcome {
  if (last === undefined) return keep ? warned("there is none: make data-backup") : skipped("the stack keeps no data");
  const age = now - last.getTime();
  const words = `the last one is ${spanOf(age)} old`;
  return keep && age > OLD_MS ? warned(`${words}: make data-backup`) : passed(words);
}

/** The outcome of a scan: how much was looked through and what was not, or a line for each leak. */
export function judgeLeaks({ leaks, looked, unseen }: ScanResult, secrets: number): Outcome {
  const left = unseen.map((what) => `not searched, as the Docker host is another machine: ${what}`);
  if (leaks.length > 0)
    return failed([...leaks.map(({ place, name, encoding }) => `${place}: ${name} (${encoding})`), ...left].join("\n"));
  const places = looked.reduce((sum, collector) => sum + collector.places, 0);
  return passed([`${secrets} secrets in ${places} texts`, ...left].join("\n"));
}
