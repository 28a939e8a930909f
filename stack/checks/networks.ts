import { DEFAULT_SUFFIX } from "../../components/core/identity";
import { REDIAL_ORDER } from "../../components/core/peering";
import { defaultLocalSubnet, defaultSubnets, overlap, parseSubnet, sidecarsIn } from "../../components/core/subnets";
import { ifParsed } from "../parts";
import type { Problem } from "../problems";
import { BUILD } from "../settingsSchema";
import { repeated, type Config, type Rules, type TownPart } from "./rules";

/** The rules between images, networks, and the towns in these. */
export const networkRules: Rules = {
  ofStack: [
    publicStandIns,
    publicNetwork,
    builtDaemon,
    joinedNetwork,
    overlappingSubnets,
    roomForSidecars,
    equalNodeIds,
    equalPublished,
  ],
  ofTown: [redialOrder, publishedTown, directTown, builtEmbeddedDaemon],
};

/** What is built here in the place of a published image. */
const STAND_INS = { connector: "the development connector", relay: "a stand-in" } as const;

function* publicStandIns({ settings: { network, images } }: Config): Iterable<Problem> {
  if (network !== "public") return;
  for (const [name, standIn] of Object.entries(STAND_INS) as [keyof typeof STAND_INS, string][])
    if (ifParsed(() => images[name]) === BUILD)
      yield {
        path: ["images", name],
        message: `must be a published image by digest when town-ator:network is public: "build" is ${standIn}, for tests only`,
      };
}

function* publicNetwork({ settings: { network, localNetwork } }: Config): Iterable<Problem> {
  if (network === "public" && Object.keys(localNetwork).length > 0)
    yield { path: ["localNetwork"], message: "has no meaning when town-ator:network is public; remove it" };
}

function* builtDaemon({ settings: { suffix, images } }: Config): Iterable<Problem> {
  if (images.anon === BUILD && suffix !== DEFAULT_SUFFIX)
    yield {
      path: ["suffix"],
      message: `must be ${DEFAULT_SUFFIX} when town-ator:images.anon is "build": the daemon built here, anon 0.4.9.11, appends it`,
    };
}

/** The sidecar looks at its daemon's version; nobody does at that of the daemon in the connector's image. */
function* builtEmbeddedDaemon(
  { name, town }: TownPart,
  { settings: { suffix, network, images } }: Config,
): Iterable<Problem> {
  const isBuilt = images.connector === BUILD || (images.connector === undefined && network === "local");
  if (town.topology === "embedded" && isBuilt && suffix !== DEFAULT_SUFFIX)
    yield {
      path: ["suffix"],
      message: `must be ${DEFAULT_SUFFIX} while the development connector is used (town-ator:images.connector) and towns.${name}.topology is embedded: the daemon in it appends that`,
    };
}

function* joinedNetwork({ settings: { localNetwork }, stack }: Config): Iterable<Problem> {
  const path = ["localNetwork", "join"];
  if (localNetwork.join === stack)
    yield { path, message: "names this stack itself; remove it to give the stack a network of its own" };
  if (localNetwork.join !== undefined && Object.hasOwn(localNetwork, "subnet"))
    yield { path, message: "excludes localNetwork.subnet: the other stack chooses it; remove one of the two" };
}

function* equalNodeIds({ towns }: Config): Iterable<Problem> {
  for (const [first, again] of repeated(towns, ({ town }) => town.nodeId))
    yield {
      path: [...again.path, "nodeId"],
      message: `must differ from that of towns.${first.name}: peers tell connectors apart by it`,
    };
}

/** Docker gives a port of the host to one container. */
function* equalPublished({ towns }: Config): Iterable<Problem> {
  const places = towns.flatMap(({ path, town }) => [
    { path: [...path, "publish"], at: () => town.publish },
    { path: [...path, "relay", "publish"], at: () => town.relay?.publish },
  ]);
  for (const [first, again] of repeated(places, ({ at }) => at()))
    yield {
      path: again.path,
      message: `must differ from ${first.path.join(".")}: two containers cannot have one port`,
    };
}

function* publishedTown({ path, town }: TownPart): Iterable<Problem> {
  if (town.transport !== "direct" && Object.hasOwn(town, "publish"))
    yield {
      path: [...path, "publish"],
      message: "is for a town with transport: direct; peers of this one find it through ATOR: remove it",
    };
}

/** Settings that only mean something with a daemon. */
function* directTown({ path, town }: TownPart): Iterable<Problem> {
  if (town.transport !== "direct") return;
  if (town.topology !== "gateway")
    yield { path: [...path, "topology"], message: "has no meaning with transport: direct, which has no daemon" };
  if (town.discovery !== "open")
    yield {
      path: [...path, "discovery"],
      message: "has no meaning with transport: direct, which nobody can search for",
    };
}

function* redialOrder({ path, town: { timeouts } }: TownPart): Iterable<Problem> {
  for (const [shorter, longer] of REDIAL_ORDER)
    if (ifParsed(() => timeouts[shorter] > timeouts[longer]))
      yield { path: [...path, "timeouts", shorter], message: `must not be more than ${longer}` };
}

/** How many towns need the ATOR network. */
function townsBehindAtor({ towns }: Config): number {
  return towns.filter(({ town }) => ifParsed(() => town.transport) !== "direct").length;
}

/** The subnet of this stack's own relays; undefined if it has none. */
function relaysSubnet(config: Config): string | undefined {
  const { stack, settings } = config;
  const { network, localNetwork } = settings;
  if (network === "public" || localNetwork.join !== undefined || townsBehindAtor(config) === 0) return undefined;
  return localNetwork.subnet ?? defaultLocalSubnet(stack);
}

function* overlappingSubnets(config: Config): Iterable<Problem> {
  const defaults = defaultSubnets(config.stack, Object.keys(config.settings.towns));
  const networks = [
    { path: ["localNetwork", "subnet"], text: ifParsed(() => relaysSubnet(config)) },
    ...config.towns.map(({ name, path, town }) => ({
      path: [...path, "subnet"],
      text: ifParsed(() => town.subnet ?? defaults.get(name)),
    })),
  ].flatMap(({ path, text }) => (text === undefined ? [] : [{ path, subnet: parseSubnet(text)! }]));
  for (const [index, later] of networks.entries())
    for (const earlier of networks.slice(0, index))
      if (overlap(earlier.subnet, later.subnet))
        yield {
          path: later.path,
          message: `must not overlap the network of ${earlier.path.join(".")}; set one of the two to a free IPv4 network`,
        };
}

function* roomForSidecars(config: Config): Iterable<Problem> {
  const { settings, stack } = config;
  if (settings.network === "public") return;
  const room = sidecarsIn(parseSubnet(settings.localNetwork.subnet ?? defaultLocalSubnet(stack))!);
  const count = townsBehindAtor(config);
  if (count > room)
    yield {
      path: ["localNetwork", "subnet"],
      message: `has room for the sidecars of ${room} towns, and this stack has ${count} behind ATOR; set it to a larger network, such as a /20`,
    };
}
