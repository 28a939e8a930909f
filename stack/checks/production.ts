import { ifParsed } from "../parts";
import type { Problem } from "../problems";
import { BUILD } from "../settingsSchema";
import type { Config, Rules, TownPart } from "./rules";

/** What a stack for production must be; the policy pack holds every stack to what its config says. */
export const productionRules: Rules = {
  ofStack: [publicNetwork, keptData, publishedImages],
  ofTown: [onlyKnownPeers, behindAtor],
};

const PRODUCTION = "when town-ator:environment is production";

function isProduction({ settings }: Config): boolean {
  return settings.environment === "production";
}

function* publicNetwork(config: Config): Iterable<Problem> {
  if (isProduction(config) && config.settings.network !== "public")
    yield { path: ["network"], message: `must be public ${PRODUCTION}: nobody else reaches a local network` };
}

function* keptData(config: Config): Iterable<Problem> {
  if (isProduction(config) && config.settings.keep === false)
    yield {
      path: ["keep"],
      message: `must be true ${PRODUCTION}: \`make down\` would delete the addresses and the ledger`,
    };
}

function* publishedImages(config: Config): Iterable<Problem> {
  if (!isProduction(config)) return;
  const { images, network } = config.settings;
  for (const name of Object.keys(images) as (keyof typeof images)[]) {
    // Development stand-ins are refused on the public network anyway.
    const refusedAnyway = name !== "anon" && ifParsed(() => network) === "public";
    if (ifParsed(() => images[name]) === BUILD && !refusedAnyway)
      yield {
        path: ["images", name],
        message: `must be a published image by digest, name@sha256:<64 hex digits>, ${PRODUCTION}: "build" depends on the Docker host`,
      };
  }
}

function* onlyKnownPeers({ path, town }: TownPart, config: Config): Iterable<Problem> {
  if (isProduction(config) && town.access !== "permissioned")
    yield { path: [...path, "access"], message: `must be permissioned ${PRODUCTION}: anyone could send packets` };
}

function* behindAtor({ path, town }: TownPart, config: Config): Iterable<Problem> {
  if (isProduction(config) && town.transport !== "socks5")
    yield {
      path: [...path, "transport"],
      message: `must be socks5 ${PRODUCTION}: direct hides neither the town nor its peers, and encrypts nothing`,
    };
}
