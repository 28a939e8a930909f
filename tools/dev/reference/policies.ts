import { RULES } from "../../../policy/rules";
import { markdown } from "../bench/tables";
import { page } from "./page";

/** docs/reference/policies.md, from the rules of the policy pack. */
export function policiesReference(): string {
  return page(
    "Policies",
    "policy/rules.ts",
    "The rules of the policy pack in `policy/`, as [pull requests](../how-to/pull-requests.md#policies) meet them. All are",
    "mandatory: with `--policy-pack policy`, `pulumi preview` and `pulumi up` refuse what breaks one.",
    "",
    markdown([
      ["rule", "what it demands"],
      ...RULES.map(({ name, description }) => [`\`${name}\``, description.replaceAll("|", "\\|")]),
    ]),
  );
}
