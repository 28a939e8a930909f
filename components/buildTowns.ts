import type * as pulumi from "@pulumi/pulumi";
import { LocalAtorNetwork, PublicAtorNetwork, type AtorNetwork } from "./atorNetwork";
import type { Settings } from "./core/settings";
import { stackImages, type Images, type LocalBuild } from "./images";
import { Town, type TownOutputs } from "./town";

/** What the stack exports. */
export interface StackOutputs {
  readonly towns: Readonly<Record<string, TownOutputs>>;
  /** The address of the only town, for the common case of one; secret. */
  readonly anonUrl: pulumi.Output<string> | undefined;
}

/** Declares a stack: its images, its ATOR network and its towns. */
export function buildTowns(
  settings: Settings,
  builds: { readonly anon: LocalBuild; readonly connector: LocalBuild },
): StackOutputs {
  const { stack } = settings;
  const images = stackImages(settings, builds);
  const atorNetwork = networkOf(settings, images);
  // An address of a local network means nothing without that network, so a local stack leaves nothing behind.
  const keep = settings.network !== "local";
  const towns = settings.towns.map(
    (town) => [town.name, new Town(town.name, { stack, town, images, atorNetwork, keep }).outputs] as const,
  );
  return { towns: Object.fromEntries(towns), anonUrl: towns.length === 1 ? towns[0]![1].anonUrl : undefined };
}

function networkOf({ stack, network, localNetwork }: Settings, images: Images): AtorNetwork {
  const place = { stack };
  return network === "local"
    ? new LocalAtorNetwork("local", { place, image: images.anon, subnet: localNetwork.subnet })
    : new PublicAtorNetwork("public", { place });
}
