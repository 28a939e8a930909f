import { townOfRelaySeed, townOfSeed } from "../../components/core/names";
import { redact } from "../../components/core/redact";
import { labelsOf } from "./labels";

/** What `pulumi preview --json` prints, as far as the comment reads it. */
export interface Preview {
  readonly steps?: readonly PreviewStep[];
  readonly diagnostics?: readonly { readonly message?: string; readonly severity?: string }[];
}

export interface PreviewStep {
  /** Pulumi's word: same, create, update, delete, replace, create-replacement, delete-replaced, … */
  readonly op: string;
  readonly urn: string;
  readonly oldState?: StepState;
  readonly newState?: StepState;
  readonly replaceReasons?: readonly string[] | null;
  readonly diffReasons?: readonly string[] | null;
}

interface StepState {
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/** What becomes of a resource. */
interface Change {
  readonly kind: (typeof KINDS)[number][0];
  readonly name: string;
  readonly type: string;
  readonly town: string | undefined;
  readonly role: string | undefined;
  /** The inputs that differ. */
  readonly because: readonly string[];
}

/** GitHub takes 65536 characters for a comment. */
const MOST_CHARACTERS = 60_000;
/** Lines that are shown of one kind of change. */
const MOST_LINES = 30;
const KINDS = [
  ["delete", "Deleted"],
  ["replace", "Replaced"],
  ["update", "Updated"],
  ["create", "Created"],
] as const;
/** Volumes whose loss nobody can make good, by their role. */
const DATA: Readonly<Record<string, string>> = {
  keys: "identity",
  "connector-data": "ledger",
  "relay-data": "events of the relay",
  "sidecar-data": "guards of the daemon",
};

/**
 * A preview as a comment in Markdown. The first line says what a reviewer has to know first: that `up` would refuse,
 * that an identity or a ledger would be lost, that a running town stops, or what else is replaced or deleted. No value
 * of an input is in it, addresses in Pulumi's own words are redacted, and it is short enough for GitHub.
 *
 * @param failed whether Pulumi's exit code was not 0
 */
export function previewMarkdown(stack: string, { steps = [], diagnostics = [] }: Preview, failed: boolean): string {
  const changes = changesOf(steps);
  const errors = diagnostics
    .filter(({ severity }) => severity === "error" || severity === "policy")
    .map(({ message = "" }) =>
      redact(plain(message))
        .trim()
        .replace(/^error: /, ""),
    )
    .filter((message) => message !== "" && !/^(preview|update) failed$/.test(message));
  const text = [
    headline(stack, changes, failed),
    "",
    ...(failed && errors.length > 0
      ? ["```", ...errors.flatMap((error) => error.split("\n").slice(0, 20)), "```", ""]
      : []),
    ...KINDS.flatMap(([kind, title]) => section(kind, title, changes)),
    marker(stack),
  ].join("\n");
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}\n… shortened.\n${marker(stack)}`;
}

/** By which the comment of a stack is found again, to be edited in place. */
function marker(stack: string): string {
  return `<!-- town-ator: preview of ${stack} -->`;
}

function headline(stack: string, changes: readonly Change[], failed: boolean): string {
  if (failed) return `## 🛑 ${stack}: \`up\` would refuse this`;
  const of = (...kinds: Change["kind"][]) => changes.filter(({ kind }) => kinds.includes(kind));
  const lost = of("delete", "replace").flatMap(lossOf);
  if (lost.length > 0) return `## 🔥 ${stack}: WOULD BE LOST FOR GOOD: ${[...new Set(lost)].sort().join(", ")}`;
  const gone = of("delete").flatMap(townContainer);
  if (gone.length > 0) return `## ⚠️ ${stack}: A RUNNING TOWN IS REMOVED: ${[...new Set(gone)].join(", ")}`;
  const stopped = of("replace").flatMap(townContainer);
  if (stopped.length > 0) return `## ⚠️ ${stack}: stops while it is replaced: ${[...new Set(stopped)].join(", ")}`;
  if (changes.length === 0) return `## ✅ ${stack}: no change`;
  const counts = KINDS.map(([kind, title]) => [of(kind).length, title.toLowerCase()] as const);
  const said = counts.filter(([count]) => count > 0).map((count) => count.join(" "));
  return `## ${of("delete", "replace").length > 0 ? "⚠️" : "✅"} ${stack}: ${said.join(", ")}`;
}

/** What is lost for good with a resource, if anything is. */
function lossOf({ name, role, town, type }: Change): string[] {
  const seed = type === "RandomPassword" ? townOfSeed(name) : undefined;
  if (seed !== undefined) return [`the identity of ${seed}`];
  const relaySeed = type === "RandomPassword" ? townOfRelaySeed(name) : undefined;
  if (relaySeed !== undefined) return [`the keys of the relay of ${relaySeed}`];
  const data = type === "Volume" && role !== undefined ? DATA[role] : undefined;
  return data === undefined ? [] : [`the ${data} of ${town ?? name}`];
}

function townContainer({ type, role, town }: Change): string[] {
  const isRunning = type === "Container" && (role === "connector" || role === "sidecar");
  return isRunning && town !== undefined ? [town] : [];
}

function section(kind: Change["kind"], title: string, changes: readonly Change[]): string[] {
  const lines = changes.filter((change) => change.kind === kind).map(line);
  if (lines.length === 0) return [];
  const shown = lines.slice(0, MOST_LINES);
  const more = lines.length > shown.length ? [`- … and ${lines.length - shown.length} more`] : [];
  const list = [...shown, ...more];
  // What is created explains itself, and there is most of it.
  return kind === "create"
    ? [`<details><summary>${title}: ${lines.length}</summary>`, "", ...list, "", "</details>", ""]
    : [`### ${title}: ${lines.length}`, "", ...list, ""];
}

function line({ name, type, because }: Change): string {
  return `- ${type} \`${name}\`${because.length > 0 ? `, because of ${because.map((key) => `\`${key}\``).join(", ")}` : ""}`;
}

/** What becomes of each resource; a replacement, which has up to three steps, is one change. */
function changesOf(steps: readonly PreviewStep[]): Change[] {
  const found = new Map<string, Change>();
  for (const step of steps) {
    const kind = kindOf(step.op);
    const earlier = found.get(step.urn);
    if (kind === undefined || earlier?.kind === "replace") continue;
    const because = step.replaceReasons?.length ? step.replaceReasons : (step.diffReasons ?? []);
    const [type = "", name = ""] = step.urn.split("::").slice(-2);
    const labels = labelsOf((step.newState ?? step.oldState)?.inputs);
    found.set(step.urn, {
      kind: earlier === undefined ? kind : "replace",
      name,
      type: type.slice(type.lastIndexOf(":") + 1),
      town: labels["town-ator.town"],
      role: labels["town-ator.role"],
      because: [...new Set(because)].sort(),
    });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kindOf(op: string): Change["kind"] | undefined {
  if (op === "create" || op === "import") return "create";
  if (op === "update") return "update";
  if (op === "delete") return "delete";
  return /replace/.test(op) ? "replace" : undefined;
}

/** Pulumi's words without the marks of colours (`<{%fg 1%}>`). */
function plain(text: string): string {
  return text.replace(/<\{%[^%]*%\}>/g, "");
}
