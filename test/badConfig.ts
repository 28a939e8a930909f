/** A stack's config file with ten different mistakes, and the keys of the ten lines that it is refused with. */
export const BAD_CONFIG = `
config:
  town-ator:network: tor
  town-ator:netwrok: local
  town-ator:images: { connector: "connector:latest" }
  town-ator:localNetwork: { subnet: 10.9.0.0/8 }
  town-ator:towns:
    home:
      memoryMiB: { connector: lots }
      peers: { a-b: {}, a_b: {}, bob: { relation: friend } }
      access: open
      password: hunter2hunter2
`;

export const BAD_KEYS = [
  "town-ator:images.connector",
  "town-ator:localNetwork.subnet",
  "town-ator:network",
  "town-ator:netwrok",
  "town-ator:towns.home.access",
  "town-ator:towns.home.memoryMiB.connector",
  "town-ator:towns.home.nodeId",
  "town-ator:towns.home.password",
  "town-ator:towns.home.peers.a_b",
  "town-ator:towns.home.peers.bob.relation",
];
