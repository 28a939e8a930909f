import { discoveryKeyFromSecret } from "../../components/core/discovery";
import { formatInvite, parseInvite } from "../../components/core/invite";
import { operatorKeyName, type Owner } from "../../components/core/names";
import { redact } from "../../components/core/redact";
import { parseSettings } from "../../stack/settings";
import { ofStack } from "../../stack/ofStack";
import { UserError } from "../console/project";
import { during } from "../console/say";
import { dockerClient, isElsewhere } from "../docker/dockerHost";
import { lastBackup, OLD_MS, spanOf } from "../docker/lastBackup";
import { containersOf } from "../docker/stackContainers";
import { scanStack, type ScanResult } from "../leaks/index";
import { secretsToLookFor } from "../leaks/secrets";
import { removeVolumeViewer } from "../leaks/volumes";
import { readPassphrase } from "../pulumi/localBackend";
import { Pulumi } from "../pulumi/pulumi";
import { openPulumi } from "../pulumi/stack";
import { secretsOf } from "../pulumi/stackState";
import { directDoor, presentDirectly, townDoor } from "./atTheDoor";
import { Checks } from "./checks";
import { undoWhenInterrupted } from "./cleanUp";
import { connectorWords } from "./connectorWords";
import { daemonFacts, judgeContainers, judgeHealth } from "./containers";
import { removeSecondDaemon, startSecondDaemon } from "./daemon";
import { discoveryChecks } from "./discovery";
import { dialThrough, type Dial } from "./door";
import { presentNowhere, presentThrough } from "./halves";
import { keyRing, type KeyRing } from "./keyRing";
import { Patience, peerChecks } from "./peerChecks";
import { directPeerings, peeringsOf, waysOf } from "./peerings";
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
  judgeFingerprint,
  nameOf,
  readOutputs,
  readTowns,
  type DirectTownOutputs,
  type TownOutputs,
} from "./stackFacts";
import { relayChecks } from "./townRelay";
import { wayOutElsewhere, wayOutOf } from "./wayOut";

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
export async function verify({ stack }: { stack: string }): Promise<boolean> {
  const pulumi = await openPulumi(stack);
  const start = performance.now();
  const facts = await during(`reading the stack ${stack}`, () => readFacts(pulumi));
  const checks = new Checks(Object.keys(facts.all));
  const report = () =>
    redact(
      renderReport(`The stack ${stack}, seen from outside:`, checks.results, (performance.now() - start) / 1000),
      facts.secrets.map(({ value }) => value).filter((value) => typeof value === "string"),
    );
  try {
    await makeChecks(checks, facts, report);
  } finally {
    process.stdout.write(`${report()}\n`);
  }
  return allPassed(checks.results);
}

async function makeChecks(checks: Checks, facts: Facts, report: () => string): Promise<void> {
  const { pulumi, docker, elsewhere, words, all, towns, directTowns } = facts;
  const { stack } = pulumi;
  const expected = Object.values(all).flatMap(({ containers }) =>
    Object.values(containers).filter((name) => name !== undefined),
  );
  await checks.ofStack({
    name: "every container is well",
    run: async () => judgeContainers(await containersOf(docker, stack), expected),
  });
  const remove = async () => {
    await Promise.all([removeSecondDaemon(docker, stack), removeVolumeViewer(docker, stack)]);
  };
  const giveSignalsBack = undoWhenInterrupted(remove);
  try {
    const [first] = Object.values(towns);
    // Beside the sidecar of a town.
    const starting =
      first &&
      daemonFacts(docker, daemonOf(first)).then((beside) =>
        startSecondDaemon(docker, { ...beside, stack, elsewhere, deadlineMs: budgetOf(first) }),
      );
    await Promise.all([
      starting &&
        checks.ofStack({ name: "a second daemon joins the network", run: () => starting.then(() => passed()) }),
      checks.ofTowns("its own state", (name) => standingChecks(name, facts)),
    ]);
    const daemon = await starting?.catch(() => undefined);
    const ring = daemon && keyRing(daemon.control);
    const dialOf = daemon && ((host: string) => dialThrough(daemon.open, host));
    // First, before any other check dials: these need a daemon without keys, and leave it with the operator's.
    if (dialOf && ring) await checks.ofTowns("its discovery", (name) => restrictedChecks(name, facts, dialOf, ring));
    const peeringsOfTown = (name: string) =>
      directTowns[name]
        ? directPeerings(name, directTowns[name])
        : peeringsOf(towns, facts.ways).filter(({ town }) => town === name);
    // Before the door's checks: these present a token only in the name of a peer that has had its time to connect.
    const patience = new Patience(Math.max(DIRECT_BUDGET_MS, ...Object.values(towns).map(budgetOf)));
    const presentOverAtor = daemon && ring ? presentThrough(daemon.open, ring) : presentNowhere;
    await checks.ofTowns("its peers", (name) => {
      const present = directTowns[name] ? presentDirectly(directTowns[name], stack, elsewhere) : presentOverAtor;
      return peeringsOfTown(name).flatMap((peering) => peerChecks(peering, { words, present, patience }));
    });
    await checks.ofTowns("its relay", (name) => relayChecks(all[name]!, words));
    await checks.ofTowns("its door", (name) => {
      if (directTowns[name]) return directDoor(directTowns[name], peeringsOfTown(name), words, stack, elsewhere);
      return dialOf ? townDoor(towns[name]!, peeringsOfTown(name), words, dialOf, budgetOf(towns[name]!)) : [];
    });
    await checks.ofStack({
      name: "nothing secret can be read",
      run: async () => {
        const { secrets } = facts;
        const said = [{ place: "the report of make verify", content: report() }];
        const scene = { secrets, docker, elsewhere, stack, pulumi, said };
        return judgeLeaks(await scanStack(scene, { quick: true }), secrets.length);
      },
    });
  } finally {
    await remove().catch((error: unknown) =>
      checks.ofStack({ name: "what it has started is removed", run: () => Promise.resolve(failedBy(error)) }),
    );
    giveSignalsBack();
  }
}

/** What is known of a stack before anything is checked. */
type Facts = Awaited<ReturnType<typeof readFacts>>;

async function readFacts(pulumi: Pulumi) {
  const { environment, stack } = pulumi;
  const [{ towns, directTowns }, config, random] = await Promise.all([
    readOutputs(pulumi),
    pulumi.config(),
    secretsOf(pulumi),
  ]);
  /** Those with ATOR and those without. */
  const all: Readonly<Record<string, TownOutputs | DirectTownOutputs>> = { ...towns, ...directTowns };
  if (Object.keys(all).length === 0)
    throw new UserError(`The stack ${stack} has no town: run \`make up${ofStack(stack)}\` first.`);
  const settings = parseSettings(config, stack);
  const ways = await waysOf(settings, (other) => readTowns(new Pulumi(environment, other)));
  const addresses: [string, string][] = [];
  const invites: [string, string][] = [];
  for (const [name, town] of Object.entries(towns)) {
    for (const { which, host } of addressesOf(town))
      addresses.push([which === "current" ? name : `${name} (${which})`, host]);
    for (const [peer, text] of Object.entries(town.invites)) invites.push([`of ${name}/${peer}`, text]);
  }
  for (const [name, ofTown] of ways)
    for (const [peer, way] of ofTown)
      if (way !== "direct") invites.push([`held by ${name}/${peer}`, formatInvite(way)]);
  const passphrase = await readPassphrase(environment.env);
  const secrets = secretsToLookFor({ random, addresses, invites, config, passphrase });
  const docker = dockerClient(environment.dockerHost);
  const elsewhere = isElsewhere(environment.dockerHost);
  const words = connectorWords(docker);
  return { pulumi, docker, elsewhere, words, towns, directTowns, all, ways, random, secrets, keep: settings.keep };
}

function standingChecks(name: string, facts: Facts): Check[] {
  const { docker, words, keep, all, towns, pulumi } = facts;
  const { stack, environment } = pulumi;
  const { containers, nodeId } = all[name]!;
  const town = towns[name];
  return [
    {
      name: "its data have a backup",
      run: async () => judgeBackup(await lastBackup(docker, containers), keep, { stack, town: name }),
    },
    ...(town ? addressesOf(town) : []).map((address) => ({
      name: `the ${nameOf(address.which, "fingerprint")} is the ${nameOf(address.which, "address")}'s`,
      run: () => Promise.resolve(judgeFingerprint(address)),
    })),
    {
      name: "the connector is healthy",
      run: () =>
        passesWithin(HEALTH_MS, async () => judgeHealth((await words.peers(containers.connector)).health, nodeId)),
    },
    // A local network has no route out.
    ...(town === undefined || town.network === "local"
      ? []
      : [
          {
            name: "the daemon's container reaches nothing but the public network",
            run: async () => {
              const daemon = daemonOf(town);
              const { gateway } = await daemonFacts(docker, daemon);
              return facts.elsewhere
                ? wayOutElsewhere(docker, daemon, gateway, stack, environment.dockerHost)
                : wayOutOf(docker, daemon, gateway);
            },
          },
        ]),
  ];
}

function restrictedChecks(
  name: string,
  { towns, random, pulumi }: Facts,
  dialOf: (host: string) => Dial,
  ring: KeyRing,
): Check[] {
  const town = towns[name];
  if (town?.discovery !== "restricted") return [];
  const secret = random.get(operatorKeyName(name));
  return discoveryChecks({
    stack: pulumi.stack,
    addresses: addressesOf(town),
    peers: Object.entries(town.invites).map(([peerId, text]) => ({ peerId, key: parseInvite(text).key })),
    operatorKey: secret === undefined ? undefined : discoveryKeyFromSecret(secret).privateKey,
    dialOf,
    ring,
    deadlineMs: budgetOf(town),
  });
}

function budgetOf({ network }: TownOutputs): number {
  return network === "local" ? BUDGET_MS.local : BUDGET_MS.public;
}

/** The outcome of looking for the last backup of a town's data: a stack that keeps them needs a recent one. */
export function judgeBackup(last: Date | undefined, keep: boolean, owner: Owner, now = Date.now()): Outcome {
  const command = `make data-backup${ofStack(owner.stack)} TOWN=${owner.town} FILE=…`;
  if (last === undefined) return keep ? warned(`there is none: ${command}`) : skipped("the stack keeps no data");
  const age = now - last.getTime();
  const words = `the last one is ${spanOf(age)} old`;
  return keep && age > OLD_MS ? warned(`${words}: ${command}`) : passed(words);
}

/** The outcome of a scan: how much was looked through and what was not, or a line for each leak. */
export function judgeLeaks({ leaks, looked, unseen }: ScanResult, secrets: number): Outcome {
  const left = unseen.map((what) => `not searched, as the Docker host is another machine: ${what}`);
  if (leaks.length > 0)
    return failed([...leaks.map(({ place, name, encoding }) => `${place}: ${name} (${encoding})`), ...left].join("\n"));
  const places = looked.reduce((sum, collector) => sum + collector.places, 0);
  return passed([`${secrets} secrets in ${places} texts`, ...left].join("\n"));
}
