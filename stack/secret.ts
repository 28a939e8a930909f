import { inspect } from "node:util";

/**
 * A value that must not be shown. Printing, interpolating, inspecting or serialising it gives `[secret]`;
 * only `reveal()` gives the value, so every place that uses one can be found by name.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. The caller must keep it secret. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
