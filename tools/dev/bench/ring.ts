/**
 * So many towns in a ring, each with its two neighbours and the one across as peers, both ways: with an even number
 * from 4 on three peers a town, with one town none. Names are `t1`, `t2`, … and nodeIds `g.t1`, `g.t2`, …
 *
 * @returns the value of `town-ator:towns`
 */
export function ring(count: number) {
  const across = Math.floor(count / 2);
  const towns = Array.from({ length: count }, (_, town) => {
    const others = new Set([1, across, -across, -1].map((step) => (town + step + count) % count));
    others.delete(town);
    const peers = [...others].map((other) => [nodeIdOf(other), { town: nameOf(other) }] as const);
    return [nameOf(town), { nodeId: nodeIdOf(town), peers: Object.fromEntries(peers) }] as const;
  });
  return Object.fromEntries(towns);
}

const nameOf = (town: number) => `t${town + 1}`;
const nodeIdOf = (town: number) => `g.${nameOf(town)}`;
