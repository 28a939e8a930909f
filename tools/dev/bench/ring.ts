/** As much of a stack's config as a ring of towns needs: the value of `town-ator:towns`. */
export type RingTowns = Readonly<
  Record<string, { readonly nodeId: string; readonly peers: Readonly<Record<string, { readonly town: string }>> }>
>;

/**
 * So many towns in a ring, each with its two neighbours and the one across as peers, both ways: with an even number
 * from 4 on three peers a town, with one town none. Names are `t1`, `t2`, … and nodeIds `g.t1`, `g.t2`, …
 */
export function ring(count: number): RingTowns {
  const peers = Array.from({ length: count }, () => new Set<number>());
  for (let town = 0; town < count; town++) {
    for (const step of [1, Math.floor(count / 2)]) {
      const other = (town + step) % count;
      if (other === town) continue;
      peers[town]!.add(other);
      peers[other]!.add(town);
    }
  }
  return Object.fromEntries(
    peers.map((others, town) => [
      nameOf(town),
      {
        nodeId: nodeIdOf(town),
        peers: Object.fromEntries([...others].map((other) => [nodeIdOf(other), { town: nameOf(other) }])),
      },
    ]),
  );
}

const nameOf = (town: number) => `t${town + 1}`;
const nodeIdOf = (town: number) => `g.${nameOf(town)}`;
