/** The labels among the inputs of a resource of Docker's, by their names; none that are not known yet. */
export function labelsOf(inputs: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, string>> {
  const labels = Array.isArray(inputs["labels"]) ? (inputs["labels"] as { label: string; value: string }[]) : [];
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}
