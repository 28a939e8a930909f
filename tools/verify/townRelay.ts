import type { ConnectorWords, SentReport } from "./connectorWords";
import { failed, passed, passesWithin, type Check, type Outcome } from "./report";
import type { TownOutputs } from "./stackFacts";

/** Milliseconds for a connector to dial a relay that has just been started: its longest pause is 30 s. */
const DIALLED_MS = 45_000;

/** Whether the town's own relay answers packets; no check for a town without one. */
export function relayChecks(
  { relay, containers }: Pick<TownOutputs, "relay" | "containers">,
  words: ConnectorWords,
): Check[] {
  if (relay === undefined) return [];
  return [
    {
      name: "its relay answers",
      waitsFor: "waiting for the town's relay to answer a packet",
      run: () =>
        passesWithin(DIALLED_MS, async () => judgeRelay(await words.send(containers.connector, relay.nodeId, 1))),
    },
  ];
}

/**
 * Judges the answer to one packet without an event: the relay refuses that with F06, which no connector on the way
 * answers to a packet of amount 0.
 */
export function judgeRelay({ accepted, codes }: SentReport): Outcome {
  if (codes["F06"]) return passed("it refuses a packet without an event, as it should");
  if (accepted > 0) return failed("it accepts a packet without an event: something else answers in its name");
  return failed(`no answer from it (${Object.keys(codes).join(", ") || "without a code"})`);
}
