import { RULES } from "../../../policy/rules";

/** docs/reference/policies.md, from the rules of the policy pack. */
export function policiesReference(): string {
  return [
    "# Policies",
    "",
    "<!-- Written by `make golden` from policy/rules.ts. -->",
    "",
    "The rules of the policy pack in `policy/`, as [pull requests](../how-to/pull-requests.md#policies) meet them. All are",
    "mandatory: with `--policy-pack policy`, `pulumi preview` and `pulumi up` refuse what breaks one.",
    "",
    "| rule | what it demands |",
    "| --- | --- |",
    ...RULES.map(({ name, description }) => `| \`${name}\` | ${description.replaceAll("|", "\\|")} |`),
    "",
  ].join("\n");
}
