// The public API. Importing it runs nothing.
export { anonImage, type AnonImageArgs } from "./anonImage";
export type { AtorNetwork } from "./atorNetwork";
export { AtorSidecar, type AtorSidecarArgs } from "./atorSidecar";
export { connectorImage, type ConnectorImageArgs } from "./connectorImage";
export type { ConnectorPlace, ManagedDaemon } from "./connectorPlace";
export { PUBLISHED_CONNECTOR } from "./core/connectorFiles";
export { PUBLISHED_TOWN_RELAY } from "./core/townRelay";
export { DEFAULT_SUFFIX, SUFFIXES, type IdentityNumbers, type Suffix } from "./core/identity";
export type { AnyTownArgs } from "./anyTown";
export { DirectTown, type DirectTownArgs, type DirectTownOutputs } from "./directTown";
export { EmbeddedAtor, type EmbeddedAtorArgs } from "./embeddedAtor";
export { formatInvite, InviteError, parseInvite, type Invite } from "./core/invite";
export type { Owner } from "./core/names";
export { DEFAULT_TIMEOUTS, TOPOLOGIES, type Relation, type Route, type Timeouts, type Topology } from "./core/peering";
export { HiddenServiceVolume, type HiddenServiceVolumeArgs, type PublishedAddress } from "./hiddenServiceVolume";
export { joinLocalAtorNetwork, LocalAtorNetwork, type LocalAtorNetworkArgs } from "./localAtorNetwork";
export { PeerSecret, type PeerSecretArgs } from "./peerSecret";
export { PublicAtorNetwork, type PublicAtorNetworkArgs } from "./publicAtorNetwork";
export { silenceDebugMessages } from "./silenceDebug";
export { Town, type AddressOutputs, type TownArgs, type TownOutputs } from "./town";
export { TownConnector, type ConnectorBehaviour, type TownConnectorArgs } from "./townConnector";
export { townNetwork, type TownNetwork, type TownNetworkArgs } from "./townNetwork";
export {
  TownRelay,
  townRelayPeer,
  type TownRelayArgs,
  type TownRelayBehaviour,
  type TownRelayOutputs,
} from "./townRelay";
