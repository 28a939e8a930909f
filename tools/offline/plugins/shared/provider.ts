import type { ResourceType, Schema } from "./schema";
import { isObject, UNKNOWN, type Properties, type Value } from "./values";

/** One kind of resource of a plugin. Inputs are complete (checked), and nothing in them is marked secret. */
export interface Resource {
  readonly type: ResourceType;
  /** Makes the thing. Throws a CreationError if it exists but isn't as it should be; any other error means that there is nothing. */
  create(inputs: Properties): Promise<{ id: string; outputs: Properties }>;
  /** What it is now; undefined if it is gone. */
  read(id: string, olds: Properties): Promise<Properties | undefined>;
  /** Changes the thing where that is possible; the state is then what the program wants. Absent: nothing to do. */
  update?(id: string, olds: Properties, news: Properties): Promise<void>;
  delete(id: string, olds: Properties): Promise<void>;
}

export interface Plugin {
  /** `docker`, `random`. */
  readonly name: string;
  /** The version of the official plugin that it stands in for. */
  readonly version: string;
  readonly resources: readonly Resource[];
  /** Gets the provider's own configuration; throws if the plugin can't work with it. */
  configure(config: Properties): Promise<void>;
}

/** The thing was made, but is not as it should be: it stays, in the state too, with the error, and the next `up` sees to it. */
export class CreationError extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly outputs: Properties,
  ) {
    super(message);
  }
}

/** The outputs that a preview shows for a resource that is yet to be made: its inputs, and "unknown" for what only the Engine can tell. */
export function previewOutputs(type: ResourceType, inputs: Properties): Properties {
  const outputs = outputsOf(type.inputs, inputs);
  for (const [key, field] of Object.entries(type.inputs)) if (field.computed) outputs[key] ??= UNKNOWN;
  for (const key of type.outputs) outputs[key] = UNKNOWN;
  return outputs;
}

/** Inputs as the outputs begin: with every default, and without the notes about which ones they were. */
export function outputsOf(schema: Schema, inputs: Properties): Properties {
  const outputs: Properties = {};
  for (const [key, field] of Object.entries(schema)) {
    const value = inputs[key] ?? field.default;
    if (value === undefined) continue;
    const { fields } = field;
    const inner = (item: Value): Value => (fields && isObject(item) ? outputsOf(fields, item) : item);
    outputs[key] = Array.isArray(value) ? value.map(inner) : inner(value);
  }
  return outputs;
}
