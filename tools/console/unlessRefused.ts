/** What `read` gives; undefined if it throws an error of the class `refusal`. */
export function unlessRefused<T>(refusal: new (message: string) => Error, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof refusal) return undefined;
    throw error;
  }
}
