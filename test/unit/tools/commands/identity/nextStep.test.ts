import { expect, test } from "vitest";
import type { IdentityNumbers } from "../../../../../components/core/identity";
import { nextStep, type Step } from "../../../../../tools/commands/identity/nextStep";
import type { PublishedTown } from "../../../../../tools/commands/stackAccess";

const [A, B, C] = ["aaaa-aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb-bbbb", "cccc-cccc-cccc-cccc"];
const settled = { fingerprint: A };
const announced = { fingerprint: A, next: { fingerprint: B } };
const switched = { fingerprint: B, previous: { fingerprint: A } };
const undeployed = "has a config that is not deployed yet: run `make up STACK=prod`, then this again";
const none = (why: string): Step => ({ kind: "none", why });

test.each<[string, IdentityNumbers, PublishedTown | undefined, string | undefined, Step]>([
  [
    "a settled town announces",
    { current: 1 },
    settled,
    undefined,
    { kind: "announce", identity: { current: 1, next: 2 } },
  ],
  [
    "a town that has moved before announces again",
    { current: 4 },
    settled,
    undefined,
    { kind: "announce", identity: { current: 4, next: 5 } },
  ],
  [
    "an announced address is switched to",
    { current: 1, next: 2 },
    announced,
    undefined,
    { kind: "switch", identity: { current: 2, previous: 1 } },
  ],
  [
    "the old address is retired by its fingerprint",
    { current: 2, previous: 1 },
    switched,
    A,
    { kind: "retire", identity: { current: 2 }, retired: A },
  ],
  [
    "nothing is retired silently",
    { current: 2, previous: 1 },
    switched,
    undefined,
    none(
      `has moved to ${B} and still answers at the old address ${A}. Peers that know only the old one lose the town for good when it is given up; once all of them have the new one, add RETIRE=${A}`,
    ),
  ],
  [
    "nothing is retired by the new address",
    { current: 2, previous: 1 },
    switched,
    B,
    none(`has the old address ${A}, so RETIRE=${B} is not an address that it can give up`),
  ],
  [
    "nothing is retired by a stranger's address",
    { current: 2, previous: 1 },
    switched,
    C,
    none(`has the old address ${A}, so RETIRE=${C} is not an address that it can give up`),
  ],
  ...(
    [
      [{ current: 1 }, settled],
      [{ current: 1, next: 2 }, announced],
    ] as [IdentityNumbers, PublishedTown][]
  ).map(([config, outputs]): [string, IdentityNumbers, PublishedTown, string, Step] => [
    "nothing is retired before the switch",
    config,
    outputs,
    A,
    none("has no old address to give up yet: RETIRE is for the last step, after the switch to the next address"),
  ]),
  [
    "a town that is not up waits",
    { current: 1 },
    undefined,
    undefined,
    none("is not up, so there is no address to move from: run `make up STACK=prod` first"),
  ],
  [
    "a town that is not up retires nothing",
    { current: 2, previous: 1 },
    undefined,
    A,
    none("is not up, so there is no address to move from: run `make up STACK=prod` first"),
  ],
  ["an announcement waits for its deployment", { current: 1, next: 2 }, settled, undefined, none(undeployed)],
  [
    "an announcement that was taken back waits for its deployment",
    { current: 1 },
    announced,
    undefined,
    none(undeployed),
  ],
  ["a switch waits for its deployment", { current: 2, previous: 1 }, announced, undefined, none(undeployed)],
  ["a switch that is not deployed retires nothing", { current: 2, previous: 1 }, announced, A, none(undeployed)],
  ["a retirement waits for its deployment", { current: 2 }, switched, undefined, none(undeployed)],
  ["an announcement during the overlap waits", { current: 2, next: 3 }, switched, undefined, none(undeployed)],
  [
    "a switch that skipped the announcement waits for its deployment",
    { current: 2, previous: 1 },
    settled,
    undefined,
    none(undeployed),
  ],
])("%s: %j with %j and RETIRE=%s", (_, config, outputs, retire, step) => {
  expect(nextStep(config, outputs, "prod", retire)).toEqual(step);
});
