import type { Value } from "./values";

/** What a change of a property does. `update` alone says nothing of whether the update touches more than the state. */
export type Change = "replace" | "update";

export type Kind =
  | "string"
  | "integer"
  | "boolean"
  | "map" // of strings
  | "strings" // a list of strings, order counts
  | "stringSet" // a list of strings, order does not count
  | "object"
  | "objectSet"; // a list of objects, order does not count

/** One property, with what the official plugin's schema says of it. */
export interface Field {
  readonly kind: Kind;
  readonly change: Change;
  readonly required?: true;
  /** When the program does not set it, the Engine does: so its removal, or its absence, is never a difference. */
  readonly computed?: true;
  /** What it is when the program does not set it. Only a default other than false, 0 and "" appears in the inputs; every one in the outputs. */
  readonly default?: Value;
  /** The official plugin has it, this stand-in does not: it keeps its default and may not be set. */
  readonly unsupported?: true;
  /** "" and absence mean "leave as it is". */
  readonly emptyIsNoChange?: true;
  /** Says what is wrong with a value of the right kind, without repeating the value; undefined if nothing is. */
  readonly problem?: (value: Value) => string | undefined;
  /** The properties of an object, or of each object of a set. */
  readonly fields?: Schema;
}

export type Schema = Readonly<Record<string, Field>>;

/** The kind of resource that a schema describes: what the engine calls it, and how it is named. */
export interface ResourceType {
  /** e.g. docker:index/container:Container */
  readonly token: string;
  readonly inputs: Schema;
  /** Properties that exist only as outputs. */
  readonly outputs: readonly string[];
  /** The output list that is missing when a creation failed before the thing was read back. */
  readonly listReadBack?: string;
  /** Outputs that are secret whatever the inputs are. */
  readonly secretOutputs?: readonly string[];
  /** Whether the inputs in the state show the defaults; those of plugins made with Terraform's newer framework (random) do not. */
  readonly defaultsInInputs: boolean;
  /** A missing `name` becomes the resource's name with a random suffix. */
  readonly autoNamed: boolean;
  /** Delete the old one before a replacement is made: always, or only when the program fixed the name. */
  readonly deleteBeforeReplace: "always" | "when-named" | "never";
}
