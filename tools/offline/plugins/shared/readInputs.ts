import { DEFAULTS } from "./check";
import { diff } from "./diff";
import type { ResourceType } from "./schema";
import type { Properties } from "./values";

/**
 * The inputs that the state keeps after a refresh: as they were, except where the thing is otherwise now. What the program never set
 * is not taken over.
 */
export function readInputs(type: ResourceType, inputs: Properties, outputs: Properties): Properties {
  const { changed } = diff(type, outputs, inputs);
  const result: Properties = { ...inputs };
  for (const key of changed) {
    if (key === DEFAULTS || inputs[key] === undefined) continue;
    const actual = outputs[key];
    if (actual === undefined) delete result[key];
    else result[key] = actual;
  }
  return result;
}
