import * as fs from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { projectDirectory, UserError } from "../../console/project";
import { say } from "../../console/say";
import { dockerClient } from "../../docker/dockerHost";
import { prepareEnvironment, type Environment } from "../../pulumi/environment";
import { endingAll } from "../endingAll";
import { inNamespaces, saveBaseImages } from "../engine/namespaces";
import { engineFolder } from "../engine/privateEngine";
import { faultsNamed } from "./faults";
import { FORMS, SHAPES, shapesTable, soakTables, type Form, type Shape, type Soaked } from "./report";

/** Begins and ends what `make soak` rewrites in a page. */
const MARKS = ["<!-- make soak: begin -->", "<!-- make soak: end -->"] as const;

/**
 * Storms a local town and strikes it with faults, on a Docker Engine of its own; whole, that takes up to an hour, and
 * the tables in docs/explanation/reliability.md are rewritten. `SOAK` in the environment names another form
 * ({@link FORMS}), `FAULT` a part of a fault's name; `shapes` rewrites the table in docs/explanation/topologies.md, and
 * `FAULT` none. `REPORT=<file>` takes what was measured as JSON. Prints the tables, and gives whether everything held.
 *
 * @throws UserError where it cannot run: not as root on Linux, or without Docker; for a `FAULT` that the form has not
 */
export async function soak({ stack }: { stack: string }): Promise<boolean> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new UserError("make soak starts a Docker Engine of its own: run it as root on Linux.");
  const form = (process.env["SOAK"] || "whole") as (typeof FORMS)[number];
  if (!FORMS.includes(form)) throw new UserError(`SOAK can be ${FORMS.join(", ")}.`);
  const fault = process.env["FAULT"] ?? "";
  checkFault(form, fault);
  const page = pageOf(form, fault);
  const environment = await prepareEnvironment({ stack });
  if (form === "shapes") {
    const soaked = {} as Record<Shape, Soaked>;
    for (const shape of SHAPES) {
      say(`${shape}:`);
      soaked[shape] = await soakOne(environment, shape, "shape");
    }
    return tell(soaked, shapesTable(soaked), page, Object.values(soaked));
  }
  const soaked = await soakOne(environment, "gateway", form);
  return tell(soaked, soakTables(soaked), page, [soaked]);
}

/** Throws a UserError for a part of a fault's name with which this form would make no fault. */
export function checkFault(form: (typeof FORMS)[number], fault: string): void {
  if (fault === "") return;
  if (form === "storms") throw new UserError("SOAK=storms makes no faults: leave FAULT out.");
  faultsNamed(fault, form === "faults" ? "whole" : form === "shapes" ? "shape" : form);
}

/** The page that shows what was measured; none shows a part of it, such as the faults with `fault` in their names. */
export function pageOf(form: (typeof FORMS)[number], fault: string): string | undefined {
  if (fault !== "") return undefined;
  return form === "whole" ? "reliability.md" : form === "shapes" ? "topologies.md" : undefined;
}

/** Puts out what was measured; gives whether everything held. */
async function tell(
  report: unknown,
  tables: string,
  page: string | undefined,
  all: readonly Soaked[],
): Promise<boolean> {
  if (process.env["REPORT"]) fs.writeFileSync(process.env["REPORT"], JSON.stringify(report));
  process.stdout.write(`${tables}\n`);
  if (page !== undefined) await writeTables(page, tables);
  return all.every(
    ({ storms, recoveries }) =>
      storms.every(({ faults }) => faults.length === 0) &&
      recoveries.every(({ times, seconds }) => seconds.length === times),
  );
}

/** Soaks one town, in namespaces of their own. */
async function soakOne({ env: own, dockerHost }: Environment, shape: Shape, form: Form): Promise<Soaked> {
  const folder = engineFolder();
  try {
    const env = await saveBaseImages(dockerClient(dockerHost), own, folder);
    const inside = { script: path.join(__dirname, "inside.ts"), folder, args: [shape, form], env };
    const end = await endingAll((signal) => inNamespaces(inside, signal));
    if (end !== 0) throw new UserError(`The soak could not be finished, it ended with ${end}: see above.`);
    return JSON.parse(fs.readFileSync(path.join(folder, "report.json"), "utf8")) as Soaked;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function writeTables(page: string, tables: string): Promise<void> {
  const name = path.join("docs", "explanation", page);
  const file = path.join(projectDirectory, name);
  const text = fs.readFileSync(file, "utf8");
  const [begin, end] = MARKS;
  const [before, after] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  const rewritten = `${text.slice(0, before)}\n\n${tables}\n\n${text.slice(after)}`;
  fs.writeFileSync(file, await format(rewritten, { ...(await resolveConfig(file)), filepath: file }));
  say(`${name}: rewritten`);
}
