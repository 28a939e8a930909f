import * as fs from "node:fs";
import * as path from "node:path";
import ts from "typescript";
import { projectDirectory } from "../../console/project";
import { markdown } from "../bench/tables";
import { page } from "./page";

const FILES = ["stack/buildTowns.ts", "components/town.ts", "components/directTown.ts", "components/townRelay.ts"];

/** docs/reference/outputs.md, from the interfaces of a stack's outputs and their doc comments. */
export function outputsReference(): string {
  const interfaces = new Map(FILES.flatMap((file) => interfacesOf(file)).map((found) => [found.name.text, found]));
  return page(
    "Outputs",
    "stack/buildTowns.ts and components/{town,directTown,townRelay}.ts",
    "`make outputs` prints them as JSON; with `REVEAL=1` secret ones too.",
    "",
    markdown([["output", "secret", "meaning"], ...rows(interfaces, "StackOutputs", "")]),
  );
}

/** What stands below an output that is a map, in place of its keys. */
const KEYS: Readonly<Record<string, string>> = {
  towns: "<name>",
  directTowns: "<name>",
  peers: "<nodeId>",
  invites: "<nodeId>",
  secrets: "<nodeId>",
};

function interfacesOf(file: string): ts.InterfaceDeclaration[] {
  const text = fs.readFileSync(path.join(projectDirectory, file), "utf8");
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements.filter(ts.isInterfaceDeclaration);
}

function rows(interfaces: ReadonlyMap<string, ts.InterfaceDeclaration>, name: string, prefix: string): string[][] {
  return interfaces
    .get(name)!
    .members.filter(ts.isPropertySignature)
    .flatMap((member) => {
      const output = prefix + member.name.getText();
      const type = member.type!.getText();
      const below = [...interfaces.keys()].find((known) => new RegExp(`\\b${known}\\b`).test(type));
      const key = KEYS[member.name.getText()];
      const place = key !== undefined && type.includes("Record<") ? `${output}.${key}` : output;
      if (below?.endsWith("TownOutputs")) return rows(interfaces, below, `${place}.`);
      const comment = ts.getJSDocCommentsAndTags(member).map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? "");
      const meaning = comment.join(" ").replace(/\s+/g, " ");
      const row = [`\`${place}\``, meaning.includes("; secret.") ? "yes" : "", meaning.replace("; secret.", ".")];
      return [row, ...(below ? rows(interfaces, below, `${place}.`) : [])];
    });
}
