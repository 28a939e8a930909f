import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { discoveryChecks, type RestrictedTown } from "../../../../tools/verify/discovery";
import { DoorError } from "../../../../tools/verify/door";
import type { KeyRing } from "../../../../tools/verify/keyRing";
import { makeCheck } from "../../../../tools/verify/report";

const socket = { destroy: () => undefined } as unknown as Socket;
const noKey = () => new DoorError("no key", 0xf4);
const wrongKey = () => new DoorError("wrong key", 0xf5);
const CURRENT = { which: "current", host: "current.invalid" } as const;
const NEXT = { which: "next", host: "next.invalid" } as const;

interface Network {
  /** The keys that each service knows; a host without an entry is open. */
  readonly authorized: Readonly<Record<string, readonly string[]>>;
  /** Answers that come before the right ones. */
  readonly first?: (DoorError | "connected")[];
}

/**
 * A town in a network whose daemon behaves as anon does. `held` is what the daemon's ring holds, `dialled` every
 * dialling with the key that was held for it.
 */
function townIn({ authorized, first = [] }: Network, more: Partial<RestrictedTown> = {}) {
  const held = new Map<string, string>();
  const dialled: string[] = [];
  const ring: KeyRing = {
    has: (host) => held.has(host),
    give: (host, key) => Promise.resolve(void held.set(host, key)),
    take: (host) => Promise.resolve(void held.delete(host)),
  };
  const dialOf = (host: string) => () => {
    const key = held.get(host);
    dialled.push(`${host} ${key ?? "-"}`);
    const early = first.shift();
    if (early instanceof DoorError) return Promise.reject(early);
    const known = authorized[host];
    if (early === "connected" || !known || (key !== undefined && known.includes(key))) return Promise.resolve(socket);
    return Promise.reject(key === undefined ? noKey() : wrongKey());
  };
  const town: RestrictedTown = {
    stack: "prod",
    addresses: [CURRENT],
    peers: [{ peerId: "g.bob", key: "bob" }],
    operatorKey: "operator",
    dialOf,
    ring,
    deadlineMs: 20,
    pauseMs: 1,
    ...more,
  };
  return { town, held, dialled };
}

async function make(town: RestrictedTown): Promise<string[]> {
  const lines: string[] = [];
  for (const check of discoveryChecks(town)) {
    const { name, result, detail } = await makeCheck(check);
    lines.push(`${name}: ${result}${detail && `, ${detail}`}`);
  }
  return lines;
}

const everybody = { [CURRENT.host]: ["operator", "bob"], [NEXT.host]: ["operator", "bob"] };

describe("restricted discovery", () => {
  test("is kept when nobody finds the service without a key, and everybody who has one does, each with nothing but his own", async () => {
    const { town, held, dialled } = townIn({ authorized: everybody });
    expect(await make(town)).toEqual([
      "nobody finds it without a key: passed",
      "the key for g.bob finds it: passed",
      "the operator's key finds it: passed",
    ]);
    expect(dialled).toEqual(["current.invalid -", "current.invalid bob", "current.invalid operator"]);
    expect([...held]).toEqual([["current.invalid", "operator"]]);
  });

  test("holds for another address as well, and the operator's key is kept for both", async () => {
    const { town, held } = townIn({ authorized: everybody }, { addresses: [CURRENT, NEXT] });
    expect(await make(town)).toEqual([
      "nobody finds it without a key: passed",
      "nobody finds its next address without a key: passed",
      "the key for g.bob finds it: passed",
      "the operator's key finds it: passed",
    ]);
    expect([...held.keys()]).toEqual(["current.invalid", "next.invalid"]);
  });

  test("is not kept by a service that everybody finds, which is said at once", async () => {
    const { town, dialled } = townIn({ authorized: {} }, { peers: [], deadlineMs: 60_000 });
    expect((await make(town))[0]).toBe("nobody finds it without a key: failed, it is found without a key");
    expect(dialled[0]).toBe("current.invalid -");
    expect(dialled[1]).toBe("current.invalid operator");
  });

  test("is not kept where only the port is refused, for then the service is found", async () => {
    const { town } = townIn({ authorized: everybody, first: [new DoorError("the port is refused", 0x05)] });
    expect((await make(town))[0]).toBe("nobody finds it without a key: failed, it is found without a key");
  });

  test("is judged when the service is published: until then the look is repeated, and another answer is no proof", async () => {
    const unpublished = () => new DoorError("the service has no descriptor in the network", 0xf0);
    const soon = townIn({ authorized: everybody, first: [unpublished(), unpublished()] }, { deadlineMs: 60_000 });
    expect((await make(soon.town))[0]).toBe("nobody finds it without a key: passed");
    const never = townIn({ authorized: everybody, first: Array.from({ length: 1000 }, unpublished) }, { peers: [] });
    expect((await make(never.town))[0]).toBe(
      "nobody finds it without a key: failed, the service has no descriptor in the network",
    );
  });

  test("shuts out a peer whose key the service does not know, or who was given none, and nobody else", async () => {
    const { town, held } = townIn(
      { authorized: { [CURRENT.host]: ["operator", "carol"] } },
      {
        peers: [
          { peerId: "g.bob", key: "bob" },
          { peerId: "g.carol", key: "carol" },
          { peerId: "g.dora", key: undefined },
        ],
        deadlineMs: 1000,
      },
    );
    expect(await make(town)).toEqual([
      "nobody finds it without a key: passed",
      "the key for g.bob finds it: failed, wrong key",
      "the key for g.carol finds it: passed",
      "the key for g.dora finds it: failed, its invite holds no key",
      "the operator's key finds it: passed",
    ]);
    expect(held.get(CURRENT.host)).toBe("operator");
  });

  test.each<[string, string | undefined, string]>([
    ["is not in the state", undefined, "the stack's state holds no key of the operator: run `make up STACK=prod`"],
    ["is not known to the service", "another", "wrong key"],
  ])("fails when the operator's key %s", async (_, operatorKey, detail) => {
    const { town } = townIn({ authorized: everybody }, { peers: [], operatorKey });
    expect((await make(town)).at(-1)).toBe(`the operator's key finds it: failed, ${detail}`);
  });
});
