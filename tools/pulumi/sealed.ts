import { parse } from "yaml";
import { RANDOM_SECRET_TYPE } from "../../components/core/names";
import { NAMESPACE, SECRET_KEYS } from "../../stack/configKeys";
import { nameIn, type Deployment } from "./pulumi";

/** The state of a new stack whose secrets a passphrase will encrypt. */
export const NEW_WITH_PASSPHRASE: Deployment = { secrets_providers: { type: "passphrase" } };

/** The mark of an encrypted value in a state; its key and value are Pulumi's own (sdk/go/common/resource/sig.go). */
const SIGNATURE = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"] as const;

/** Providers that encrypt nothing. `b64` is Pulumi's own for tests: anyone can decode it. */
const NO_PROVIDERS = new Set(["", "b64"]);

const ENCRYPT = "`pulumi stack change-secrets-provider passphrase --stack <stack>` encrypts what is there";
const ROTATE = "Treat every secret that was in plain text as leaked and replace it (docs/explanation/security.md).";

/**
 * What exposes a state's secrets, if anything: no secrets provider or one that does not encrypt, a random secret in
 * plain text, or an empty passphrase. The phrase follows the stack's name; `<stack>` in it stands for that name.
 *
 * @param deployment the `deployment` of `pulumi stack export`, or the `latest` of a state file
 * @param passphrase the passphrase in the environment (`readPassphrase`); matters only where it encrypts the secrets
 */
export function stateProblem(deployment: Deployment | undefined, passphrase: string | undefined): string | undefined {
  const { secrets_providers: provider, resources = [] } = deployment ?? {};
  const type = provider?.type ?? "";
  if (resources.length > 0 && NO_PROVIDERS.has(type))
    return `has no secrets provider in its state, so nothing in it is encrypted. ${ENCRYPT}. ${ROTATE}`;
  if (type === "passphrase" && passphrase === "")
    return (
      "would be encrypted with an empty passphrase, so anyone who has its state has its secrets. Unset PULUMI_CONFIG_PASSPHRASE and PULUMI_CONFIG_PASSPHRASE_FILE (a project-local state then gets a " +
      "passphrase of its own), or set a real one. If the state exists already, first run `pulumi stack change-secrets-provider passphrase --stack <stack>`."
    );
  const plain = resources.find(
    ({ type, outputs }) =>
      type === RANDOM_SECRET_TYPE && outputs?.["result"] !== undefined && !isEncrypted(outputs["result"]),
  );
  if (plain === undefined) return undefined;
  return `has the secret ${nameIn(plain.urn)} in plain text in its state. ${ENCRYPT}. ${ROTATE}`;
}

function isEncrypted(value: unknown): boolean {
  const fields = (value ?? {}) as Record<string, unknown>;
  return fields[SIGNATURE[0]] === SIGNATURE[1] && typeof fields["ciphertext"] === "string";
}

/**
 * The docker provider's logins to registries. One encrypted value: where only parts of an explicit provider's were
 * secret, they stood in the state in plain text (pulumi/pulumi-docker issue 643).
 */
const REGISTRIES = "docker:registryAuth";

/**
 * Which secret in a stack's config file is not encrypted, if any. The phrase follows the file's name. A value may be
 * encrypted as a whole or part by part, as `secure: <ciphertext>`. Invalid YAML is left to Pulumi, which says where the
 * fault is.
 */
export function configProblem(text: string): string | undefined {
  let config;
  try {
    config = (parse(text) as { config?: Record<string, unknown> } | null)?.config ?? {};
  } catch {
    return undefined;
  }
  for (const key of [...Object.keys(SECRET_KEYS).map((name) => `${NAMESPACE}:${name}`), REGISTRIES]) {
    const at = plainText(config[key], [key]);
    if (at !== undefined)
      return `has ${at} in plain text, and it is secret. Remove it from the file and set it again, encrypted (docs/reference/settings.md, "Secrets"). ${ROTATE}`;
  }
  return undefined;
}

/** Where in a value something is not encrypted, if anywhere. */
function plainText(value: unknown, path: readonly string[]): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") return path.join(".");
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === "secure" && typeof entries[0]![1] === "string") return undefined;
  for (const [key, part] of entries) {
    const at = plainText(part, [...path, key]);
    if (at !== undefined) return at;
  }
  return undefined;
}
