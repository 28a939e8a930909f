import { describe, test } from "vitest";
import { expectRefused, invite } from "../configs";

describe("a mistake of peers and what is given for them is refused with one line that names its key", () => {
  const town = { nodeId: "g.home" };
  test.each<[string, Record<string, unknown>, string]>([
    [
      "a misspelt key of a peer",
      { towns: { home: { ...town, peers: { bob: { relations: "peer" } } } } },
      "town-ator:towns.home.peers.bob.relations: is not a setting; did you mean relation?",
    ],
    [
      "a relation that there is not",
      { towns: { home: { ...town, peers: { bob: { relation: "friend" } } } } },
      "town-ator:towns.home.peers.bob.relation: must be one of peer, parent, child",
    ],
    [
      "a peer whose id no variable could carry",
      { towns: { home: { ...town, peers: { "a=b": {} } } } },
      "town-ator:towns.home.peers.a=b: is not a nodeId that a peer can have here",
    ],
    [
      "peers that meet in one variable",
      { towns: { home: { ...town, peers: { "a-b": {}, a_b: {} } } } },
      "town-ator:towns.home.peers.a_b: shares the connector's variable BTP_PEER_A_B_SECRET with the peer a-b",
    ],
    [
      "a peer that is the town itself",
      { towns: { home: { ...town, peers: { "g.home": {} } } } },
      "town-ator:towns.home.peers.g.home: is the town's own nodeId",
    ],
    [
      "a route with a bad prefix",
      { towns: { home: { ...town, peers: { bob: { routes: ["G.BOB"] } } } } },
      "town-ator:towns.home.peers.bob.routes.0: must be an ILP address prefix",
    ],
    [
      "a route whose prefix ends the published connector",
      { towns: { home: { ...town, peers: { bob: { routes: ["g..bob"] } } } } },
      "town-ator:towns.home.peers.bob.routes.0: must be an ILP address prefix",
    ],
    [
      "a route to the town itself",
      { towns: { home: { ...town, peers: { bob: { routes: ["g.home"] } } } } },
      "town-ator:towns.home.peers.bob.routes.0: is the town's own nodeId, which leads to itself",
    ],
    [
      "equal routes through two peers",
      { towns: { home: { ...town, peers: { bob: { routes: ["g"] }, eve: { routes: ["g.eve", "g"] } } } } },
      "town-ator:towns.home.peers.eve.routes.1: has the prefix that leads to towns.home.peers.bob; the connector has one route for a prefix",
    ],
    [
      "a route through another peer to what a peer's nodeId leads to",
      { towns: { home: { ...town, peers: { "g.alice": { routes: ["g.bob"] }, "g.bob": {} } } } },
      "town-ator:towns.home.peers.g.alice.routes.0: has the prefix that leads to towns.home.peers.g.bob;",
    ],
    [
      "a token for a peer that is not declared",
      { towns: { home: town }, tokens: { home: { bob: "t" } } },
      "town-ator:tokens.home.bob: must be a peer that towns.home.peers declares",
    ],
    [
      "a peer that is a town that there is not",
      { towns: { home: { ...town, peers: { bob: { town: "away" } } } } },
      "town-ator:towns.home.peers.bob.town: must be the name of another town of this stack",
    ],
    [
      "a peer that is another town than its nodeId says",
      {
        towns: {
          home: { ...town, peers: { bob: { town: "away" } } },
          away: { nodeId: "g.away", peers: { "g.home": {} } },
        },
      },
      "town-ator:towns.home.peers.bob.town: must be the town whose nodeId is this peer's; towns.away has another",
    ],
    [
      "a peer that is a town which does not know us",
      { towns: { home: { ...town, peers: { "g.away": { town: "away" } } }, away: { nodeId: "g.away" } } },
      'town-ator:towns.home.peers.g.away.town: needs this town\'s nodeId, "g.home", among towns.away.peers',
    ],
    [
      "a peer with two sources",
      {
        towns: { home: { ...town, peers: { bob: { stack: { name: "x", town: "bob" } } } } },
        invites: { home: { bob: invite("bob", "g.home") } },
      },
      "town-ator:towns.home.peers.bob: is reached in more than one way: stack, the invite at invites.home.bob; keep one",
    ],
    [
      "another stack without a town",
      { towns: { home: { ...town, peers: { bob: { stack: { name: "x" } } } } } },
      "town-ator:towns.home.peers.bob.stack.town: is required: the name of a town of that stack",
    ],
    [
      "an invite for no town",
      { towns: { home: town }, invites: { away: {} } },
      "town-ator:invites.away: must be the name of a town of this stack",
    ],
    [
      "an invite for an undeclared peer",
      { towns: { home: town }, invites: { home: { bob: invite("bob", "g.home") } } },
      "town-ator:invites.home.bob: must be a peer that towns.home.peers declares",
    ],
    [
      "an invite from somebody else",
      { towns: { home: { ...town, peers: { bob: {} } } }, invites: { home: { bob: invite("eve", "g.home") } } },
      "town-ator:invites.home.bob: comes from another town than this peer",
    ],
    [
      "an invite for somebody else",
      { towns: { home: { ...town, peers: { bob: {} } } }, invites: { home: { bob: invite("bob", "g.eve") } } },
      "town-ator:invites.home.bob: is meant for another town",
    ],
    [
      "two peers whose invites name one address, of which the daemon takes one key only",
      {
        towns: { home: { ...town, peers: { bob: {}, eve: {} } } },
        invites: { home: { bob: invite("bob", "g.home"), eve: invite("eve", "g.home") } },
      },
      "town-ator:invites.home.eve: names an address that the invite of bob names too",
    ],
    [
      "one's own invite",
      { towns: { home: { ...town, peers: { bob: {} } } }, invites: { home: { bob: invite("g.home", "bob") } } },
      "town-ator:invites.home.bob: is this town's own invite",
    ],
    [
      "an invite of another kind of daemon",
      {
        towns: { home: { ...town, peers: { bob: {} } } },
        images: { anon: `anon@sha256:${"0".repeat(64)}` },
        suffix: "anyone",
        invites: { home: { bob: invite("bob", "g.home") } },
      },
      "town-ator:invites.home.bob: holds an address that does not end in .anyone",
    ],
    [
      "a given secret that is short",
      { towns: { home: { ...town, peers: { bob: {} } } }, secrets: { home: { bob: "s".repeat(31) } } },
      "town-ator:secrets.home.bob: must be 32 to 256 printable ASCII characters without spaces",
    ],
    [
      "a given secret for an undeclared peer",
      { towns: { home: town }, secrets: { home: { bob: "s".repeat(32) } } },
      "town-ator:secrets.home.bob: must be a peer that towns.home.peers declares",
    ],
    [
      "a secret's version of 0",
      { towns: { home: { ...town, peers: { bob: { secretVersion: 0 } } } } },
      "town-ator:towns.home.peers.bob.secretVersion: must be a whole number from 1",
    ],
    [
      "a token for a peer that is not direct",
      { towns: { home: { ...town, peers: { bob: {} } } }, tokens: { home: { bob: "t" } } },
      "town-ator:tokens.home.bob: is for a direct peer",
    ],
    [
      "a direct peer without a url",
      { towns: { home: { ...town, peers: { bob: { transport: "direct" } } } } },
      "town-ator:towns.home.peers.bob.transport: direct needs the peer's url",
    ],
    [
      "a url for a peer that is reached by ATOR",
      { towns: { home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { url: "ws://10.1.0.9:3000" } } } } },
      "town-ator:towns.home.peers.bob.url: is for a peer with transport: direct",
    ],
    [
      "a direct peer outside the town's subnet",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.32:3000" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: must be an address in the town's subnet, 10.1.0.0/27",
    ],
    [
      "a direct peer at a port that there is not",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.9:99999" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: must be ws://<IPv4 address>:<port from 1 to 65535>",
    ],
    [
      "a direct peer on loopback",
      {
        towns: {
          home: { ...town, transport: "direct", peers: { bob: { transport: "direct", url: "ws://127.0.0.1:3001" } } },
        },
      },
      "; at 127.0.0.1 and 0.0.0.0 the connector would dial itself",
    ],
    [
      "the address of a hidden service in plain text",
      { towns: { home: { ...town, peers: { bob: { url: `ws://${"a".repeat(56)}.anon:3000` } } } } },
      "town-ator:towns.home.peers.bob.url: holds an address, which is secret: take it out, treat it as leaked, and give it to `make accept`, with the peer's token",
    ],
    [
      "a direct peer at the broadcast address",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.31:3000" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: is an address that the town itself needs",
    ],
    [
      "a direct peer at the connector's own address",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.3:3000" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: is an address that the town itself needs",
    ],
    [
      "a direct peer in a subnet that nobody has fixed",
      { towns: { home: { ...town, peers: { bob: { transport: "direct", url: "ws://10.1.0.9:3000" } } } } },
      "town-ator:towns.home.peers.bob.url: needs the town's subnet in the config too",
    ],
    [
      "a damaged invite",
      {
        towns: { home: { ...town, peers: { bob: {} } } },
        invites: { home: { bob: `${invite("bob", "g.home").slice(0, -1)}!` } },
      },
      "town-ator:invites.home.bob: is damaged",
    ],
  ])("%s", (_, settings, line) => expectRefused(settings, line));
});
