import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { parseSettings } from "../../stack/settings";
import { OTHER_TARGETS, program } from "../../tools/cli";
import { config } from "./stack/configs";

const ROOT = path.join(__dirname, "..", "..");
const TRACKED = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n").filter(Boolean);
const FILES = TRACKED.filter((file) => file.endsWith(".md") && !file.startsWith("test/"));
/** The changelog tells of what was. */
const CURRENT = FILES.filter((file) => file !== "CHANGELOG.md");
const textOf = (file: string) => fs.readFileSync(path.join(ROOT, file), "utf8");
const exists = (file: string) => fs.existsSync(path.join(ROOT, file));
const withoutCode = (text: string) => text.replace(/^ *```[\s\S]*?^ *```/gm, "").replace(/`[^`\n]*`/g, "");

/** GitHub's name of a heading. */
const anchors = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page, those in lists without their indentation. */
const blocksOf = (file: string): Block[] =>
  [...textOf(file).matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(([, indent = "", language = "", text = ""]) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));

describe("the documentation", () => {
  it.each(FILES)("%s links to files and headings that there are", (file) => {
    const broken = [...withoutCode(textOf(file)).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].filter(
      ([, target = "", anchor]) => {
        const place = target === "" ? file : path.join(path.dirname(file), target);
        return !exists(place) || (anchor !== undefined && !anchors(textOf(place)).includes(anchor));
      },
    );
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it("is on the map, docs/README.md, with every page", () => {
    const pages = FILES.filter((file) => /^docs\/.*\//.test(file)).map((file) => path.relative("docs", file));
    expect(pages.filter((page) => !textOf("docs/README.md").includes(`](${page})`))).toEqual([]);
  });

  it.each(CURRENT)("%s names files that there are", (file) => {
    const named = textOf(file).matchAll(
      /(?<![\w/.…>-])(?:components|docs|examples|images|policy|runtime|stack|test|tools)\/[\w./-]+\.(?:ts|sh|md|json|yaml|svg)\b/g,
    );
    expect([...named].map(([name]) => name).filter((name) => !exists(name))).toEqual([]);
  });

  it("is named correctly in the code", () => {
    const broken = TRACKED.filter((file) => /\.(ts|sh|ya?ml|json)$|^Makefile$/.test(file) && exists(file)).flatMap(
      (file) =>
        [...textOf(file).matchAll(/(?<![\w/.-])docs\/[a-z0-9/-]+\.md(?:#([\w-]+))?/g)]
          .filter(([named, anchor]) => {
            const place = named.split("#")[0]!;
            return !exists(place) || (anchor !== undefined && !anchors(textOf(place)).includes(anchor));
          })
          .map(([named]) => `${file}: ${named}`),
    );
    expect(broken).toEqual([]);
  });
});

describe("a `make` command of the documentation", () => {
  /** The variables that each command knows, by its name: those of its options, and those that its description names. */
  const known = new Map<string, string[]>([
    ...program.commands.map((command): [string, string[]] => [
      command.name(),
      [
        ...command.options.flatMap(({ envVar }) => envVar ?? []),
        ...[...command.description().matchAll(/\b([A-Z]+)=/g)].map(([, variable]) => variable!),
      ],
    ]),
    ...Object.keys(OTHER_TARGETS).flatMap((names) => names.split(", ").map((name): [string, string[]] => [name, []])),
  ]);
  const used = (file: string) => {
    const code = (textOf(file).match(/^ *```[\s\S]*?^ *```|`[^`\n]*`/gm) ?? []).join("\n");
    return [
      ...code.matchAll(
        /(?:^ *|`|&& |\$ |\| )((?:[A-Z_]+=\S* )*)make ((?:(?:-s|--silent|[A-Z_]+=[^\s`]*) )*)([a-z][\w-]*)((?: [A-Z_]+=[^\s`]*)*)/gm,
      ),
    ].map(([, ...parts]) => ({ target: parts[2]!, variables: parts.join(" ").match(/\b[A-Z_]+(?==)/g) ?? [] }));
  };

  it.each(CURRENT)("is one that there is, with variables that it knows: %s", (file) => {
    const wrong = used(file).filter(
      ({ target, variables }) => !variables.every((variable) => known.get(target)?.includes(variable)),
    );
    const missing = used(file).filter(({ target }) => !known.has(target));
    expect({ wrong, missing }).toEqual({ wrong: [], missing: [] });
  });
});

describe("a config block of the documentation", () => {
  const blocks = CURRENT.flatMap((file) =>
    blocksOf(file).map((block, index) => ({ ...block, place: `${file}, block ${index + 1}` })),
  );

  it.each(blocks.filter(({ language }) => /^ya?ml$/.test(language)))("is accepted: $place", ({ text }) => {
    const documents = parseAllDocuments(text);
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    if (/^ *(?:town-ator:|towns:)/m.test(text)) expect(settingsProblem(parse(text) as Structure)).toBeUndefined();
  });

  it.each(blocks.filter(({ language, text }) => language === "json" || (language === "" && /^[[{]/.test(text))))(
    "is JSON: $place",
    ({ text }) => expect(() => JSON.parse(text) as unknown).not.toThrow(),
  );
});

type Structure = Readonly<Record<string, unknown>>;

/** Why the settings of a block are refused, if they are. What a fragment leaves out is filled in: the nodeIds. */
function settingsProblem(block: Structure): string | undefined {
  const given = Object.fromEntries(
    Object.entries((block["config"] ?? block) as Structure).map(([key, value]) => [
      key.replace(/^town-ator:/, ""),
      value,
    ]),
  );
  const towns = Object.entries((given["towns"] ?? {}) as Record<string, Structure>).map(([name, town]) => [
    name,
    { nodeId: `g.${name}`, ...town },
  ]);
  const ours = Object.entries(given).filter(([key]) => !key.includes(":"));
  try {
    parseSettings(config({ ...Object.fromEntries(ours), towns: Object.fromEntries(towns) as Structure }), "docs");
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a message that the documentation quotes", () => {
  /** What the program is made of, each text in one piece. */
  const source = TRACKED.filter((file) => /^(components|images|index|policy|runtime|stack|tools)/.test(file))
    .filter((file) => /\.(ts|sh)$/.test(file) && !file.startsWith("tools/dev/") && exists(file))
    .map((file) =>
      textOf(file)
        .replace(/["'`]\s*\+\s*["'`]/g, "")
        .replaceAll("\\`", "`")
        .replaceAll('\\"', '"'),
    )
    .join("\n");
  const firstCells = (text: string) => [...text.matchAll(/^\| (.*?)(?<!\\) \|/gm)].map(([, cell]) => cell!).join("\n");
  const spans = (text: string) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!.replaceAll("\\|", "|"));
  const prose = (text: string) => text.replace(/^\|.*$|^ *```[\s\S]*?^ *```/gm, "");
  const quoted = ["docs/how-to/symptoms.md", "docs/reference/refusals.md"].flatMap((file) => [
    ...spans(firstCells(textOf(file))),
    ...spans(prose(textOf(file))).filter((span) => span.split(" ").length > 4 && !/^(make|docker|pulumi) /.test(span)),
  ]);

  it("is one that the program prints", () => {
    expect(quoted.length).toBeGreaterThan(60);
    const unknown = quoted.filter((message) => {
      // `…` stands for what is filled in; the path of a setting, and what follows a semicolon, come from elsewhere.
      const parts = message.split(/…|; /).map((part) => part.replace(/^[.\w]+: |^[\s:;,.()]+|[\s:;,.()]+$/g, ""));
      const words = parts.filter((part) => part.length > 2);
      return words.length === 0 || !words.every((part) => source.includes(part));
    });
    expect(unknown).toEqual([]);
  });
});

describe("the connector guide", () => {
  const rows = textOf("docs/reference/connector-guide.md")
    .split("\n")
    .filter((line) => /^\| (?!-|#|gotcha |half |topology )/.test(line));
  const shown = rows.map((row) => ({
    row: row.split(" | ").slice(0, 2).join(" ").replace(/ +/g, " "),
    tests: [...row.matchAll(/`(test\/[\w/]+\.test\.ts)` "([^"]+)"/g)].map(([, file, name]) => ({ file, name })),
  }));

  it("has the nine items, the gotchas, the asymmetry and the three topologies", () => {
    expect(rows).toHaveLength(9 + 6 + 4 + 3 + 3);
  });

  it.each(shown)("names a test that there is: $row", ({ tests }) => {
    expect(tests).not.toEqual([]);
    for (const { file, name } of tests) expect(textOf(file!)).toMatch(new RegExp(`"${escaped(name!)}"`));
  });
});

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
