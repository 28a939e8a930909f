import { describe, expect, it } from "vitest";
import { previewMarkdown, type Preview, type PreviewStep } from "../../tools/commands/previewMarkdown";
import { expectGolden } from "../golden";

const TYPES = {
  Container: "docker:index/container:Container",
  Volume: "docker:index/volume:Volume",
  Network: "docker:index/network:Network",
  RandomPassword: "random:index/randomPassword:RandomPassword",
  Town: "town-ator:index:Town",
} as const;

/** A step as Pulumi prints it, of a resource of the town home. */
function step(op: string, type: keyof typeof TYPES, name: string, role = "", reasons: string[] = []): PreviewStep {
  const labels = [
    { label: "town-ator.town", value: "home" },
    { label: "town-ator.role", value: role },
  ];
  const state = { type: TYPES[type], inputs: { labels, content: "a secret value" } };
  return {
    op,
    urn: `urn:pulumi:dev::town-ator::town-ator:index:Town$${TYPES[type]}::${name}`,
    ...(op === "create" ? { newState: state } : { oldState: state }),
    replaceReasons: op.includes("replace") ? reasons : null,
    diffReasons: reasons,
  };
}
const replaced = (name: string, role: string, reasons: string[]) =>
  ["delete-replaced", "replace", "create-replacement"].map((op) => step(op, "Container", name, role, reasons));
const REST = [step("same", "Town", "home"), step("same", "Volume", "home-identity-keys", "keys")];
const ADDRESS = `${"a2".repeat(27)}ad.anon`;

const CASES: Record<string, { preview: Preview; failed?: boolean }> = {
  "no-change": { preview: { steps: REST } },
  "new-town": {
    preview: {
      steps: [
        ...REST,
        step("create", "Town", "away"),
        step("create", "RandomPassword", "away-identity-seed"),
        step("create", "Volume", "away-identity-keys", "keys"),
        step("create", "Container", "away-sidecar-daemon", "sidecar"),
        step("create", "Container", "away-connector-connector", "connector"),
      ],
    },
  },
  "changed-peer": {
    preview: {
      steps: [
        ...REST,
        ...replaced("home-connector-files", "connector-files", ["command", "uploads"]),
        ...replaced("home-connector-connector", "connector", ["labels"]),
        step("create", "RandomPassword", "home-peer-g.bob-inbound"),
        step("delete", "RandomPassword", "home-peer-g.alice-inbound"),
      ],
    },
  },
  "topology-switch": {
    preview: {
      steps: [
        ...REST,
        ...replaced("home-sidecar-daemon", "sidecar", ["networksAdvanced"]),
        ...replaced("home-connector-connector", "connector", ["networkMode", "networksAdvanced"]),
        step("delete", "Network", "home-inside", "inside"),
      ],
    },
  },
  "identity-lost": {
    preview: {
      steps: [
        step("delete", "Town", "home"),
        step("delete", "RandomPassword", "home-identity-seed"),
        step("delete", "Volume", "home-identity-keys", "keys"),
        step("delete", "Volume", "home-connector-data", "connector-data"),
        step("delete", "Container", "home-sidecar-daemon", "sidecar"),
        step("delete", "Container", "home-connector-connector", "connector"),
      ],
    },
  },
  refused: {
    failed: true,
    preview: {
      steps: REST,
      diagnostics: [
        {
          severity: "error",
          message: `<{%fg 1%}>This would lose an address that peers know; nothing was changed:\n  home: 42b2-e093-0011-942d (${ADDRESS})<{%reset%}>`,
        },
        { severity: "error", message: "preview failed" },
      ],
    },
  },
};

describe("the comment about a preview", () => {
  it.each(Object.entries(CASES))("%s", (name, { preview, failed = false }) => {
    const text = previewMarkdown("dev", preview, failed);
    expect(text).not.toMatch(/[a-z2-7]{56}|a secret value/);
    expectGolden(`test/graph/golden/preview/${name}.md`, `${text}\n`);
  });

  it("is short enough for GitHub however much changes, and can still be found again", () => {
    const steps = Array.from({ length: 3000 }, (_, n) =>
      step("update", "Container", `${"x".repeat(40)}${n}`, "connector", [`input${n}`]),
    );
    const errors = Array.from({ length: 100 }, () => ({ severity: "error", message: "z".repeat(2000) }));
    for (const failed of [false, true]) {
      const text = previewMarkdown("dev", { steps, diagnostics: errors }, failed);
      expect(text.length).toBeLessThan(65_536);
      expect(text.endsWith("<!-- town-ator: preview of dev -->")).toBe(true);
    }
  });
});
