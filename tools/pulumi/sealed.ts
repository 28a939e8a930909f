import { parse } from "yaml";
import { RANDOM_SECRET_TYPE } from "../../components/core/names";
import { NAMESPACE, SECRET_KEYS } from "../../stack/settings";

/** A state without anything in it yet, of a stack whose secrets a passphrase will encrypt. */
export const NEW_WITH_PASSPHRASE = { secrets_providers: { type: "passphrase" } };

/** The mark of an encrypted value in a state; its key and value are Pulumi's own (sdk/go/common/resource/sig.go). */
const SIGNATURE = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"] as const;

/** Providers that encrypt nothing: `b64` is Pulumi's own for tests, and its secrets are legible base64. */
const NO_PROVIDERS = new Set(["", "b64"]);

const ENCRYPT = "`pulumi stack change-secrets-provider passphrase --stack <stack>` encrypts what is there";
const ROTATE = "What has stood in plain text counts as known to others: make new secrets then (docs/security.md).";

interface Deployment {
  readonly secrets_providers?: { readonly type?: string };
  readonly resources?: readonly {
    readonly type?: string;
    readonly urn?: string;
    readonly outputs?: Readonly<Record<string, unknown>>;
  }[];
}

/**
 * Why a state does not keep its secrets, as the rest of a sentence that begins with the stack (`<stack>` stands for its
 * name), or undefined if it does: no secrets provider or one that does not encrypt, a random secret in plain text, an
 * empty passphrase.
 *
 * @param deployment what `pulumi stack export` calls so, or the `latest` of a state file
 * @param passphrase the passphrase in the environment, see `readPassphrase`; only asked for where it is what encrypts
 */
export function stateProblem(deployment: unknown, passphrase: string | undefined): string | undefined {
  const { secrets_providers: provider, resources = [] } = (deployment ?? {}) as Deployment;
  const type = provider?.type ?? "";
  if (resources.length > 0 && NO_PROVIDERS.has(type))
    return `has no secrets provider in its state, so nothing in it is encrypted. ${ENCRYPT}. ${ROTATE}`;
  if (type === "passphrase" && passphrase === "")
    return (
      "would be encrypted with an empty passphrase, so whoever has its state has its secrets. Unset PULUMI_CONFIG_PASSPHRASE and PULUMI_CONFIG_PASSPHRASE_FILE (a project-local state then gets a " +
      "passphrase of its own), or set a real one; a state that was made with the empty one first needs `pulumi stack change-secrets-provider passphrase --stack <stack>`."
    );
  const plain = resources.find(
    ({ type, outputs }) =>
      type === RANDOM_SECRET_TYPE && outputs?.["result"] !== undefined && !isEncrypted(outputs["result"]),
  );
  if (plain === undefined) return undefined;
  const name = plain.urn?.split("::").at(-1) ?? "a random secret";
  return `has the secret ${name} in plain text in its state. ${ENCRYPT}. ${ROTATE}`;
}

function isEncrypted(value: unknown): boolean {
  const fields = (value ?? {}) as Record<string, unknown>;
  return fields[SIGNATURE[0]] === SIGNATURE[1] && typeof fields["ciphertext"] === "string";
}

/**
 * Why a stack's config file does not keep its secrets, as the rest of a sentence that begins with the file's name, or
 * undefined if it does. A value is encrypted as a whole or part by part: `secure: <ciphertext>` in the place of the
 * value. Text that is no YAML is left to Pulumi, which says where it is wrong.
 */
export function configProblem(text: string): string | undefined {
  let config;
  try {
    config = (parse(text) as { config?: Record<string, unknown> } | null)?.config ?? {};
  } catch {
    return undefined;
  }
  for (const key of Object.keys(SECRET_KEYS).map((name) => `${NAMESPACE}:${name}`)) {
    const at = plainText(config[key], [key]);
    if (at !== undefined)
      return `has ${at} in plain text, and it is secret. Take it out of the file and put it in again, encrypted (README.md says how). ${ROTATE}`;
  }
  return undefined;
}

/** Where in a value, if anywhere, a text stands that is not encrypted. */
function plainText(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value !== "object" || value === null)
    return value === undefined || value === null ? undefined : shown(path);
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === "secure" && typeof entries[0]![1] === "string") return undefined;
  for (const [key, part] of entries) {
    const at = plainText(part, [...path, key]);
    if (at !== undefined) return at;
  }
  return undefined;
}

function shown([key = "", ...rest]: readonly string[]): string {
  return `${key}${rest.map((part) => `.${part}`).join("")}`;
}
