/** A page of the reference that is written from the code, as yet unformatted. */
export function page(title: string, source: string, ...lines: readonly string[]): string {
  return [`# ${title}`, "", `<!-- Written by \`make golden\` from ${source}. -->`, "", ...lines, ""].join("\n");
}
