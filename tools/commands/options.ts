import { Option } from "commander";

/** What a command can be told besides the stack, by option or environment. */
export const extras = {
  town: new Option("-t, --town <name>", "the town").env("TOWN"),
  peer: new Option("-p, --peer <nodeId>", "the peer").env("PEER"),
  format: new Option("--format <format>", "another form: connector, for one that knows no invites; compose").env(
    "FORMAT",
  ),
  number: new Option("-n, --number <number>", "the identity's number (default: the current one's)").env("NUMBER"),
  file: new Option("-f, --file <path>", "the backup").env("FILE"),
  recipient: new Option("-r, --recipient <age1>", "whom it is for (default: a passphrase)").env("RECIPIENT"),
  ageIdentity: new Option("-i, --age-identity <path>", "file with AGE-SECRET-KEY-...").env("AGE_IDENTITY"),
  replace: new Option("--replace <newer>", "replace the town's data although they are newer").env("REPLACE"),
  retire: new Option("--retire <fingerprint>", "the address to give up").env("RETIRE"),
};

/** All that a command may be told; empty is the same as not given. */
export interface Options extends Partial<Record<keyof typeof extras, string | undefined>> {
  stack: string;
  /** REVEAL=1: secrets are shown. */
  reveal: boolean;
  /** REFRESH=1: Pulumi reads the true state of every resource first, drift or not. */
  refresh: boolean;
  /** JSON=1: the answer is for a program. */
  json: boolean;
}
