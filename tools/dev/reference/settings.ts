import { z } from "zod";
import { NAMESPACE, SECRET_KEYS } from "../../../stack/configKeys";
import { settingsSchema } from "../../../stack/settingsSchema";
import { markdown } from "../bench/tables";
import { page } from "./page";

/** The parts of JSON Schema that zod makes of the settings. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
}

/** The settings as in a stack's file, each below its name without the namespace. */
const settings = z.toJSONSchema(settingsSchema, { target: "draft-7", io: "input" }) as Schema;

/** What an encrypted value looks like in a stack's file. */
const ENCRYPTED = { type: "object", properties: { secure: { type: "string" } } };

/**
 * A JSON Schema of a stack's file, for editors: what the program's own schema checks, less the rules between settings.
 */
export function settingsJsonSchema(): object {
  const properties = Object.entries(settings.properties!).map(([key, schema]) => {
    const { description } = schema;
    if (key in SECRET_KEYS) return [`${NAMESPACE}:${key}`, { description, ...ENCRYPTED }];
    // Pulumi hands a boolean over as a text; in the file it is one.
    if (schema.enum?.join() === "true,false")
      return [`${NAMESPACE}:${key}`, { description, type: "boolean", default: schema.default }];
    return [`${NAMESPACE}:${key}`, schema];
  });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A stack of town-ator",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(properties) as object,
        required: settings.required!.map((key) => `${NAMESPACE}:${key}`),
        // Keys of Pulumi and its providers, such as docker:host, are not ours.
        patternProperties: { [`^(?!${NAMESPACE}:)`]: {} },
        additionalProperties: false,
      },
    },
  };
}

interface Row {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** All settings with what stands below them, in the order of the schema. */
function rowsBelow(schema: Schema, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, below]) => {
    const path = `${prefix}${key}`;
    const entries = below.additionalProperties;
    const isMap = typeof entries === "object" && entries.properties !== undefined && !(key in SECRET_KEYS);
    return [
      { path, schema: below, isRequired: schema.required?.includes(key) ?? false },
      ...rowsBelow(below, `${path}.`),
      ...(isMap ? rowsBelow(entries, `${path}.<${key === "towns" ? "name" : "nodeId"}>.`) : []),
    ];
  });
}

/** docs/reference/settings.md. */
export function settingsReference(): string {
  const rows = rowsBelow(settings, `${NAMESPACE}:`);
  const towns = `${NAMESPACE}:towns.<name>`;
  const peers = `${towns}.peers.<nodeId>`;
  const isSecret = ({ path }: Row) => path.slice(NAMESPACE.length + 1).split(".")[0]! in SECRET_KEYS;
  const section = (title: string, below: string, has: (row: Row) => boolean) => [
    `## ${title}`,
    "",
    markdown([["key", "values", "default", "meaning"], ...rows.filter(has).map((row) => cells(row, below))]),
    "",
  ];
  return page(
    "Settings",
    "stack/settingsSchema.ts",
    "They are in `Pulumi.<stack>.yaml`, under `config:`. All are checked before the first resource is registered, and every",
    "problem is reported at once, by key. Editors that know YAML schemas (yaml-language-server) complete and check them: the",
    "first line of a stack's file names `stack/settings.schema.json`, which is made from the same schema as this page.",
    "",
    ...section("The stack", "", (row) => !row.path.startsWith(`${towns}.`) && !isSecret(row)),
    ...section(
      "A town: `town-ator:towns.<name>`",
      `${towns}.`,
      ({ path }) => path.startsWith(`${towns}.`) && !path.startsWith(`${peers}.`),
    ),
    ...section("A peer: `peers.<nodeId>` of a town", `${peers}.`, ({ path }) => path.startsWith(`${peers}.`)),
    ...section("Secrets", "", isSecret),
    "The secret keys are refused in plain text. Each is one encrypted value, a JSON map. `make accept` and `make identity-adopt` edit it. To edit",
    "it yourself, read it with `pulumi config get` and write the whole map back on standard input:",
    "",
    "```",
    'pulumi config get town-ator:tokens > tokens.json       # {"home":{"g.relay":"…"}}; secret: remove the file afterwards',
    "pulumi config set --secret town-ator:tokens < tokens.json",
    "```",
  );
}

function cells({ path, schema, isRequired }: Row, below: string): string[] {
  const { description = "", properties } = schema;
  const standing =
    properties || schema.default === undefined ? "" : `\`${JSON.stringify(schema.default).replace(/^"(.*)"$/, "$1")}\``;
  return [`\`${path.slice(below.length)}\``, valuesOf(schema), isRequired ? "required" : standing, description];
}

function valuesOf({ enum: values, type, minimum, maximum = Infinity }: Schema): string {
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (type !== "integer" && type !== "number")
    return type === "object" ? "a map" : type === "array" ? "a list" : "a text";
  if (minimum === undefined || minimum === Number.MIN_SAFE_INTEGER) return "a whole number";
  return maximum < Number.MAX_SAFE_INTEGER ? `${minimum} to ${maximum}` : `from ${minimum}`;
}
