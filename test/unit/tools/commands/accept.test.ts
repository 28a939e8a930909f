import { describe, expect, it, test } from "vitest";
import { parse, stringify } from "yaml";
import { deriveIdentity } from "../../../../components/core/identity";
import { formatInvite, type Invite } from "../../../../components/core/invite";
import { acceptInvite, type AcceptEffects } from "../../../../tools/commands/accept";

const { address: ADDRESS } = deriveIdentity(Buffer.alloc(32, 7));
const INVITE: Invite = {
  nodeId: "g.bob",
  url: `ws://${ADDRESS}:3000`,
  peerId: "g.home",
  token: "Tk".repeat(22).slice(1),
};
const LINE = formatInvite(INVITE);
const TOWNS = {
  home: { nodeId: "g.home", peers: { "g.bob": {}, "g.amy": {} } },
  away: { nodeId: "g.away", peers: { "g.bob": {} } },
};
const FILE = "# Mine.\nconfig:\n  town-ator:network: local   # offline\n";
const SALT = "encryptionsalt: v1:salt\n";

/** A stack whose config can be read back, with an encryption that turns the text around. */
class FakeStack implements AcceptEffects {
  readonly said: string[] = [];
  readonly encryptions: string[][] = [];
  writes = 0;

  constructor(
    private readonly given: string,
    public file: string = FILE,
    private readonly invites: unknown = {},
    private readonly towns: unknown = TOWNS,
  ) {}

  config = () =>
    Promise.resolve({
      "town-ator:network": "local",
      "town-ator:towns": JSON.stringify(this.towns),
      "town-ator:invites": JSON.stringify(this.invites),
    });
  readInvite = (question: string) => {
    expect(question).toBe("Paste the invite for home (g.home) and press Enter; it is not shown: ");
    return Promise.resolve(`${this.given}\n`);
  };
  readFile = () => Promise.resolve(this.file);
  encrypt = (keys: readonly string[], secret: string) => {
    this.encryptions.push([...keys, secret]);
    const secure = [...secret].reverse().join("");
    const map = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), { secure });
    return Promise.resolve(stringify({ config: map }, { lineWidth: 0 }) + SALT);
  };
  writeFile = (text: string) => {
    this.writes++;
    this.file = text;
    return Promise.resolve();
  };
  say = (line: string) => void this.said.push(line);
}

const accepted = (line: string) =>
  `  town-ator:invites:\n    home:\n      g.bob:\n        secure: ${[...line].reverse().join("")}\n`;
const encryptedFile = (line: string) => `${FILE}${accepted(line)}${SALT}`;
const whereItIs = "it is in Pulumi.dev.yaml, encrypted; `make up` makes home dial g.bob";

describe("accepting an invite", () => {
  it("puts it into the stack's config file, encrypted, with the salt, and leaves the rest of the file", async () => {
    const stack = new FakeStack(LINE);
    await acceptInvite({ stack: "dev", town: "home" }, stack);
    expect(stack.encryptions).toEqual([["town-ator:invites", "home", "g.bob", LINE]]);
    expect(stack.file).toBe(encryptedFile(LINE));
    expect(stack.said).toEqual(["home has accepted the invite of g.bob", whereItIs]);
  });

  it("says of the same invite that it was accepted before, and changes nothing", async () => {
    const stack = new FakeStack(LINE, encryptedFile(LINE), { home: { "g.bob": LINE } });
    await acceptInvite({ stack: "dev", town: "home" }, stack);
    expect(stack.said).toEqual(["home has accepted this invite of g.bob before; nothing is changed"]);
    expect([stack.writes, stack.encryptions]).toEqual([0, []]);
  });

  it("replaces an earlier invite of the same peer, and says so", async () => {
    const earlier = formatInvite({ ...INVITE, token: "e".repeat(43) });
    const stack = new FakeStack(LINE, encryptedFile(earlier), { home: { "g.bob": earlier } });
    await acceptInvite({ stack: "dev", town: "home" }, stack);
    expect(stack.file).toBe(encryptedFile(LINE));
    expect(stack.said).toEqual(["home has accepted another invite of g.bob; the earlier one is replaced", whereItIs]);
  });

  it("replaces an earlier invite that is damaged", async () => {
    const stack = new FakeStack(LINE, encryptedFile("damaged"), { home: { "g.bob": "damaged" } });
    await acceptInvite({ stack: "dev", town: "home" }, stack);
    expect(stack.file).toBe(encryptedFile(LINE));
  });

  it("encrypts an invite that stands in the file in plain text", async () => {
    const plain = `${FILE}  town-ator:invites:\n    home:\n      g.bob: ${LINE}\n${SALT}`;
    const stack = new FakeStack(LINE, plain, { home: { "g.bob": LINE } });
    await acceptInvite({ stack: "dev", town: "home" }, stack);
    expect(stack.file).not.toContain(LINE);
    expect(parse(stack.file)).toEqual(parse(encryptedFile(LINE)));
    expect(stack.said[0]).toBe("the invite of g.bob that home had in plain text is encrypted now");
  });

  const yamlFor = (peer: string) =>
    `  config:\n    town-ator:towns:\n      home:\n        peers:\n          ${peer}: {}`;
  test.each<[string, string, string]>([
    ["nothing", "", "No invite was given: paste its line, or pipe it in."],
    ["text that is none", "hello", "What was given is not an invite: an invite begins with ator-invite-1."],
    ["half of one", LINE.slice(0, 80), "What was given is cut short: its checksum is missing; copy the whole line"],
    [
      "a damaged one",
      LINE.replace(/.(?=.{20}$)/, (letter) => (letter === "A" ? "B" : "A")),
      "What was given is damaged: its checksum does not fit; copy the whole line again",
    ],
    [
      "one of another version",
      LINE.replace("invite-1", "invite-9"),
      "What was given is an invite of another version; this program reads ator-invite-1",
    ],
    [
      "the town's own",
      formatInvite({ ...INVITE, nodeId: "g.home", peerId: "g.bob" }),
      "This is an invite of home itself: it is for the peer to accept. Ask the peer for the invite that it has for g.home.",
    ],
    [
      "one for another town of the stack",
      formatInvite({ ...INVITE, peerId: "g.away" }),
      "The invite is not meant for home: the nodeId that it lets in is not g.home. It is meant for the town away of this stack: say TOWN=away.",
    ],
    [
      "one for somebody else",
      formatInvite({ ...INVITE, peerId: "g.other" }),
      "The invite is not meant for home: the nodeId that it lets in is not g.home. The peer has to make one for g.home, by declaring a peer of exactly that nodeId.",
    ],
    [
      "one of a stranger",
      formatInvite({ ...INVITE, nodeId: "g.carol" }),
      `The invite comes from g.carol, which is no peer of home yet. If that is who you expect, declare it in Pulumi.dev.yaml and run this again:\n${yamlFor("g.carol")}`,
    ],
    [
      "one of a stranger whose nodeId YAML would take for a number",
      formatInvite({ ...INVITE, nodeId: "1.50" }),
      `The invite comes from 1.50, which is no peer of home yet. If that is who you expect, declare it in Pulumi.dev.yaml and run this again:\n${yamlFor('"1.50"')}`,
    ],
  ])("refuses %s, changes nothing and repeats none of it", async (_, given, message) => {
    const stack = new FakeStack(given);
    const error: unknown = await acceptInvite({ stack: "dev", town: "home" }, stack).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "UserError", message });
    for (const part of [INVITE.token, ADDRESS.slice(0, 56), LINE.slice(14, 60)]) expect(message).not.toContain(part);
    expect([stack.writes, stack.encryptions, stack.said]).toEqual([0, [], []]);
  });

  test.each<[string | undefined, unknown, string]>([
    [undefined, TOWNS, "TOWN is missing: say TOWN=<name>. In the stack dev it can be: away, home."],
    ["hme", TOWNS, 'The stack dev has no town "hme". TOWN can be: away, home.'],
    ["home", {}, 'The stack dev has no town "home". TOWN can be: nothing yet.'],
    ["home", { home: {} }, "town-ator:towns.home.nodeId: is required: the connector's nodeId, such as g.home"],
  ])("for the town %s of %j is refused before the invite is asked for", async (town, towns, message) => {
    const stack = new FakeStack(LINE, FILE, {}, towns);
    stack.readInvite = () => Promise.reject(new Error("asked"));
    await expect(acceptInvite({ stack: "dev", town }, stack)).rejects.toThrow(message);
  });

  it("refuses one of a peer that the town reaches in another way, in the words of the settings", async () => {
    const [home, bob] = [
      { nodeId: "g.home", peers: { "g.bob": { town: "bob" } } },
      { nodeId: "g.bob", peers: { "g.home": {} } },
    ];
    const stack = new FakeStack(LINE, FILE, {}, { home, bob });
    await expect(acceptInvite({ stack: "dev", town: "home" }, stack)).rejects.toThrow(
      "The invite does not fit the config:\n  town-ator:towns.home.peers.g.bob: is reached in more than one way: town, the invite at invites.home.g.bob; keep one",
    );
    expect([stack.writes, stack.encryptions]).toEqual([0, []]);
  });

  it("goes on although something else in the config is wrong, which is for `make up` to say", async () => {
    const stack = new FakeStack(LINE, FILE, {}, { ...TOWNS, third: { nodeId: "NOT VALID" } });
    await acceptInvite({ stack: "dev", town: "home" }, stack);
    expect(stack.file).toBe(encryptedFile(LINE));
  });

  it("does not replace a secret that holds all invites", async () => {
    const stack = new FakeStack(LINE, `${FILE}  town-ator:invites:\n    secure: x\n`);
    await expect(acceptInvite({ stack: "dev", town: "home" }, stack)).rejects.toThrow(
      "town-ator:invites is one secret as a whole in the stack's config file",
    );
    expect([stack.writes, stack.encryptions]).toEqual([0, []]);
  });

  it("leaves a file alone that was changed meanwhile", async () => {
    const stack = new FakeStack(LINE);
    const encrypt = stack.encrypt;
    stack.encrypt = (keys, secret) => {
      stack.file = "config: {}\n";
      return encrypt(keys, secret);
    };
    await expect(acceptInvite({ stack: "dev", town: "home" }, stack)).rejects.toThrow(
      "Pulumi.dev.yaml was changed meanwhile, so it is left as it is: run this again.",
    );
    expect(stack.file).toBe("config: {}\n");
  });
});
