import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { buildTowns } from "../../../stack/buildTowns";
import { identityOfSeed, seedFromRandom } from "../../../components/core/identity";
import { parseSettings } from "../../../stack/settings";
import { ring } from "../../../tools/dev/bench/ring";
import { find, keepTestsApart, mockSecret, record, reveal, type Recorded } from "../../mocks";

const build = (name: string) => ({ context: () => ({ path: `contexts/${name}`, hash: name.padEnd(64, "0") }) });

async function built(towns: ReturnType<typeof ring>): Promise<Recorded[]> {
  const settings = parseSettings({ "town-ator:towns": JSON.stringify(towns) }, "dev");
  return record(
    () => void buildTowns(settings, { anon: build("anon"), connector: build("connector"), relay: build("relay") }),
  );
}

/** The connector's files of a town, by name. */
function filesOf(resources: readonly Recorded[], town: string): Record<string, string> {
  const { inputs } = find(resources, "Container", `${town}-connector-files`);
  const uploads = reveal(inputs["uploads"]) as { file: string; content: string }[];
  return Object.fromEntries(
    uploads.map(({ file, content }) => [file.replace(/^\/files\/\.new\.[0-9a-f]{16}\./, ""), content]),
  );
}

function anonUrlOf(town: string): string {
  const { address } = identityOfSeed(seedFromRandom(mockSecret(`${town}-identity-seed`)), 1);
  return `ws://${address}:3000`;
}

describe("twelve towns of one stack", async () => {
  keepTestsApart();
  const towns = ring(12);
  const resources = await built(towns);
  const wiring = Object.keys(towns).map((town) => {
    const files = filesOf(resources, town);
    return {
      town,
      peers: (parse(files["connector.yaml"]!) as { peers: { id: string; url: string; authToken: string }[] }).peers,
      secrets: files["secrets.env"]!,
    };
  });

  it("dial each other, every pair of peers both ways, at the other's address with the secret that the other has for it", () => {
    const dialled = wiring.flatMap(({ town, peers }) =>
      peers.map(({ id, url, authToken }) => ({ from: town, id, url, token: authToken })),
    );
    const anonUrls = new Map(Object.keys(towns).map((town) => [town, anonUrlOf(town)]));
    const declared = Object.entries(towns).flatMap(([from, { nodeId, peers }]) =>
      Object.entries(peers)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, { town }]) => ({
          from,
          id,
          url: anonUrls.get(town),
          token: mockSecret(`${town}-peer-${nodeId}-inbound`),
        })),
    );
    expect(declared.length).toBe(36);
    expect(dialled).toEqual(declared);
  });

  it("let in whom they declare, by the secret in the variable that the connector reads, and nobody else", () => {
    const letIn = Object.fromEntries(wiring.map(({ town, secrets }) => [town, secrets]));
    const right = Object.entries(towns).map(([town, { peers }]) => {
      const lines = Object.keys(peers).map(
        (id) => `BTP_PEER_${id.toUpperCase()}_SECRET=${mockSecret(`${town}-peer-${id}-inbound`)}\n`,
      );
      return [town, lines.sort().join("")];
    });
    expect(letIn).toEqual(Object.fromEntries(right));
  });

  it("have thirty-six secrets, all of them different", () => {
    const secrets = wiring.flatMap(({ secrets }) => secrets.match(/(?<==)\w+/g) ?? []);
    expect(secrets.length).toBe(36);
    expect(new Set(secrets).size).toBe(36);
  });

  it("have twelve addresses and twelve networks, all of them different", () => {
    const urls = wiring.flatMap(({ peers }) => peers.map(({ url }) => url));
    const subnets = resources
      .filter(({ type }) => type.endsWith(":Network"))
      .map(({ inputs }) => (inputs["ipamConfigs"] as { subnet: string }[])[0]?.subnet);
    expect(new Set(urls).size).toBe(12);
    expect(new Set(subnets).size).toBe(13);
  });

  it("are as many resources as twelve times a town's, thirty-six times a peer's and the stack's own", () => {
    const counted = countByType(resources);
    const expected = [PER_STACK, ...Array<Count>(12).fill(PER_TOWN), ...Array<Count>(36).fill(PER_PEER)];
    expect(counted).toEqual(expected.reduce(sum));
  });
});

type Count = Readonly<Record<string, number>>;

const PER_STACK: Count = { LocalAtorNetwork: 1, RemoteImage: 2, Network: 1, Volume: 2, Container: 1 };
const PER_TOWN: Count = {
  Town: 1,
  HiddenServiceVolume: 1,
  AtorSidecar: 1,
  TownConnector: 1,
  Network: 1,
  Volume: 5,
  Container: 5,
  RandomPassword: 2,
};
const PER_PEER: Count = { PeerSecret: 1, RandomPassword: 1 };

function countByType(resources: readonly Recorded[]): Count {
  return resources.map(({ type }): Count => ({ [type.slice(type.lastIndexOf(":") + 1)]: 1 })).reduce(sum);
}

function sum(a: Count, b: Count): Count {
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]),
  );
}
