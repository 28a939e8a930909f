/** What an advised command needs after its name to act on a stack: nothing for dev, which is the default. */
export function ofStack(stack: string): string {
  return stack === "dev" ? "" : ` STACK=${stack}`;
}
