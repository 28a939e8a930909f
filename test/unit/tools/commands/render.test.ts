import { describe, expect, it } from "vitest";
import { discoveryKeyFromSecret } from "../../../../components/core/discovery";
import { identityOfSeed, seedFromRandom } from "../../../../components/core/identity";
import { formatInvite } from "../../../../components/core/invite";
import { parseSettings } from "../../../../stack/settings";
import { UserError } from "../../../../tools/console/project";
import { filesOf, recordStack, showFiles } from "../../../../tools/commands/render";
import { keepTestsApart } from "../../../mocks";

const SEED = "s".repeat(43);
const INBOUND = "i".repeat(43);
const ADMIN = "a".repeat(43);
const SECRETS = new Map([
  ["home-identity-seed", SEED],
  ["home-peer-g.visitor-inbound", INBOUND],
  ["home-connector-admin-key", ADMIN],
]);
const settings = parseSettings(
  { "town-ator:towns": JSON.stringify({ home: { nodeId: "g.home", peers: { "g.visitor": {} } } }) },
  "dev",
);
const { address, secretKeyFile } = identityOfSeed(seedFromRandom(SEED), 1);

const renderFiles = async (...args: Parameters<typeof recordStack>) => filesOf(await recordStack(...args));

describe("the rendered files", () => {
  keepTestsApart();

  it("are those that the one-shots put into the volumes", async () => {
    const files = await renderFiles(settings, SECRETS);
    const connector = ["connector.yaml", "launcher.cjs", "launcher.json", "secrets.env"];
    expect(files.map(({ volume, name }) => `${volume}/${name}`)).toEqual([
      ...connector.map((name) => `town-ator-dev-home-connector-files/${name}`),
      "town-ator-dev-home-keys/daemon",
      "town-ator-dev-home-keys/fingerprint-1",
      "town-ator-dev-home-keys/hs-1/hs_ed25519_secret_key",
      "town-ator-dev-home-sidecar-files/anonrc",
      "town-ator-dev-home-sidecar-files/health.sh",
      "town-ator-dev-home-sidecar-files/identity",
      "town-ator-dev-home-sidecar-files/start.sh",
      "town-ator-dev-home-sidecar-files/suffix",
      "town-ator-dev-home-sidecar-files/watch.sh",
    ]);
    expect(files.find(({ name }) => name.endsWith("secret_key"))?.content).toEqual(secretKeyFile);
  });

  it("show no secret and no address unless that is asked for", async () => {
    const files = await renderFiles(settings, SECRETS);
    const hidden = showFiles(files, false, [...SECRETS.values()]);
    for (const secret of [SEED, INBOUND, ADMIN, address.slice(0, 56), secretKeyFile.toString("base64").slice(0, 40)]) {
      expect(hidden).not.toContain(secret);
    }
    expect(hidden).toContain("externalUrl: ws://[address].anon:3000");
    expect(hidden).toContain("BTP_PEER_G.VISITOR_SECRET=[secret]");

    const shown = showFiles(files, true, [...SECRETS.values()]);
    expect(shown).toContain(`externalUrl: ws://${address}:3000`);
    expect(shown).toContain(`BTP_PEER_G.VISITOR_SECRET=${INBOUND}`);
    expect(shown).toContain(secretKeyFile.toString("base64"));
  });

  it("show neither a given secret nor a discovery key, which stand in no state, nor the address beside that", async () => {
    const key = discoveryKeyFromSecret("k".repeat(43));
    const given = "given-".padEnd(40, "g");
    const invite = { nodeId: "g.visitor", peerId: "g.home", url: `ws://${address}:3000`, token: INBOUND };
    const restricted = parseSettings(
      {
        "town-ator:towns": JSON.stringify({
          home: { nodeId: "g.home", discovery: "restricted", peers: { "g.visitor": {} } },
        }),
        "town-ator:secrets": JSON.stringify({ home: { "g.visitor": given } }),
        "town-ator:invites": JSON.stringify({
          home: { "g.visitor": formatInvite({ ...invite, key: key.privateKey }) },
        }),
      },
      "dev",
    );
    const files = await renderFiles(restricted, SECRETS);
    const shown = showFiles(files, false, [...SECRETS.values()]);
    expect(shown).toContain("client.g.visitor.auth_private\n[secret]:descriptor:x25519:[secret]");
    expect(shown).toContain("BTP_PEER_G.VISITOR_SECRET=[secret]");
    for (const secret of [given, key.privateKey, address.slice(0, 56)]) expect(shown).not.toContain(secret);
    expect(showFiles(files, true, [])).toContain(`${address.slice(0, 56)}:descriptor:x25519:${key.privateKey}`);
  });

  it("hide a token from an invite whatever characters it has", async () => {
    const token = `a]'",["b-and-more-of-it-up-to-what-a-town-makes`;
    const invite = { nodeId: "g.visitor", peerId: "g.home", url: `ws://${address}:3000`, token };
    const invited = parseSettings(
      {
        "town-ator:towns": JSON.stringify({ home: { nodeId: "g.home", peers: { "g.visitor": {} } } }),
        "town-ator:invites": JSON.stringify({ home: { "g.visitor": formatInvite(invite) } }),
      },
      "dev",
    );
    const shown = showFiles(await renderFiles(invited, SECRETS), false, [...SECRETS.values()]);
    expect(shown).toContain('authToken: "[secret]"');
    for (const written of [token, JSON.stringify(token).slice(1, -1), "a]"]) expect(shown).not.toContain(written);
  });

  it("are none of a config that `make up` refuses for an address given up, whose reason is shown alone", async () => {
    const refused = parseSettings(
      {
        "town-ator:towns": JSON.stringify({ home: { nodeId: "g.home" } }),
        "town-ator:identities": JSON.stringify({ home: { seed: Buffer.alloc(32, 7).toString("base64") } }),
        "town-ator:retired": JSON.stringify([identityOfSeed(Buffer.alloc(32, 7), 1).fingerprint]),
      },
      "dev",
    );
    const rendering = renderFiles(refused, SECRETS);
    await expect(rendering).rejects.toThrow(UserError);
    await expect(rendering).rejects.toThrow(/take it out here, or publish another identity$/);
  });

  it("whose text is in the project get one line", async () => {
    const lines = showFiles(await renderFiles(settings, SECRETS), false, []).split("\n");
    expect(lines).toContain("--- town-ator-dev-home-connector-files:/launcher.cjs: the bundle of runtime/launcher");
    expect(lines).toContain("--- town-ator-dev-home-sidecar-files:/start.sh: as runtime/sidecar/start.sh");
  });

  it("can be looked at before the first up, with stand-ins for the secrets that it will make", async () => {
    const shown = showFiles(await renderFiles(settings, new Map()), false, []);
    expect(shown).toContain("BTP_PEER_G.VISITOR_SECRET=[secret]");
  });
});
