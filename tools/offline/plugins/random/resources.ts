import { randomBytes } from "node:crypto";
import { hash } from "bcryptjs";
import { outputsOf, type Resource } from "../shared/provider";
import type { Field } from "../shared/schema";
import type { Value } from "../shared/values";
import { createPassword, type PasswordRules } from "./password";

const atLeastOne = (value: Value): string | undefined => (Number(value) < 1 ? "must be at least 1" : undefined);
const notNegative = (value: Value): string | undefined => (Number(value) < 0 ? "must not be negative" : undefined);

const length: Field = { kind: "integer", change: "replace", required: true, problem: atLeastOne };
const keepers: Field = { kind: "map", change: "replace" };
const flag: Field = { kind: "boolean", change: "replace", default: true };
const minimum: Field = { kind: "integer", change: "replace", default: 0, problem: notNegative };

/** Nothing outside the state: it is always as the state says, and deleting it is forgetting it. */
const stateOnly: Pick<Resource, "read" | "delete"> = {
  read: (_id, olds) => Promise.resolve(olds),
  delete: () => Promise.resolve(),
};

/**
 * random:index/randomBytes:RandomBytes. Its id is the base64 of the bytes, as it is with the official plugin (pulumi-random,
 * computeRandomBytesID): an id is never secret, so the bytes stand in plain text in the state and in the engine's own output. For
 * anything that must stay secret use RandomPassword, whose id is "none".
 */
export const bytesResource: Resource = {
  type: {
    token: "random:index/randomBytes:RandomBytes",
    inputs: { length, keepers },
    outputs: ["base64", "hex"],
    secretOutputs: ["base64", "hex"],
    defaultsInInputs: false,
    autoNamed: false,
    deleteBeforeReplace: "never",
  },
  create(inputs) {
    const bytes = randomBytes(Number(inputs["length"]));
    const base64 = bytes.toString("base64");
    return Promise.resolve({
      id: base64,
      outputs: { ...outputsOf(bytesResource.type.inputs, inputs), base64, hex: bytes.toString("hex") },
    });
  },
  ...stateOnly,
};

/** The cost of `bcryptHash` in the official plugin: the default of Go's bcrypt. Like that one, bcryptjs takes the first 72 bytes of a longer password. */
const BCRYPT_COST = 10;

/** random:index/randomPassword:RandomPassword. */
export const passwordResource: Resource = {
  type: {
    token: "random:index/randomPassword:RandomPassword",
    inputs: {
      length,
      keepers,
      lower: flag,
      upper: flag,
      numeric: flag,
      special: flag,
      minLower: minimum,
      minUpper: minimum,
      minNumeric: minimum,
      minSpecial: minimum,
      overrideSpecial: { kind: "string", change: "replace", emptyIsNoChange: true },
    },
    outputs: ["bcryptHash", "result"],
    secretOutputs: ["bcryptHash", "result"],
    defaultsInInputs: false,
    autoNamed: false,
    deleteBeforeReplace: "never",
  },
  async create(inputs) {
    const outputs = outputsOf(passwordResource.type.inputs, inputs);
    const result = createPassword(outputs as unknown as PasswordRules);
    // `number` is the older name of `numeric`; the official plugin keeps both in the state.
    const bcryptHash = await hash(result, BCRYPT_COST);
    return { id: "none", outputs: { ...outputs, number: outputs["numeric"] ?? true, result, bcryptHash } };
  },
  ...stateOnly,
};
