import * as fs from "node:fs";
import * as path from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { parse } from "yaml";
import { RULES, statedBy, type Stated } from "./rules";

// Run it with `pulumi preview --policy-pack policy` (docs/how-to/pull-requests.md). The rules are in rules.ts.
new PolicyPack("town-ator", {
  policies: RULES.map(({ name, description, violations }) => ({
    name,
    description,
    enforcementLevel: "mandatory",
    validateResource: ({ type, name, props, urn, opts }, report) => {
      const resource = { type, name, props: known(props) as Record<string, unknown>, protect: opts.protect };
      for (const violation of violations(resource, statedIn(urn))) report(`${name} ${violation}.`);
    },
  })),
});

const statedByStack = new Map<string, Stated>();

/** What the config file of a resource's stack says, read once; the stack is the first part of a URN. */
function statedIn(urn: string): Stated {
  const [, stack = ""] = /^urn:pulumi:([^:]+)::/.exec(urn) ?? [];
  const stated = statedByStack.get(stack) ?? readStated(stack);
  statedByStack.set(stack, stated);
  return stated;
}

function readStated(stack: string): Stated {
  const file = path.join(__dirname, "..", `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file)) return {};
  const { config } = (parse(fs.readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, unknown> };
  return statedBy(config ?? {});
}

/** A copy without what only a deployment can tell: reading that throws. */
function known(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const read = (key: string) => {
    try {
      return known((value as Record<string, unknown>)[key]);
    } catch (error) {
      if ((error as Error).constructor.name === "UnknownValueError") return undefined;
      throw error;
    }
  };
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(String(index)));
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(key)]));
}
