import * as fs from "node:fs";
import * as path from "node:path";
import { projectDirectory } from "../console/project";

/** What a Dockerfile here begins with, and the variable that names another image for it. */
export interface Base {
  readonly variable: string;
  readonly dockerfile: string;
  readonly kind: "anon" | "node";
}

export const BASES: readonly Base[] = [
  { variable: "TOWN_ATOR_ANON_BASE", dockerfile: "images/anon/Dockerfile", kind: "anon" },
  { variable: "TOWN_ATOR_NODE_BASE", dockerfile: "images/connector/Dockerfile", kind: "node" },
];

/** The image that `ARG BASE=` of a Dockerfile here names by default. */
export function defaultBase(dockerfile: string): string {
  const text = fs.readFileSync(path.join(projectDirectory, dockerfile), "utf8");
  return /^ARG BASE=(\S+)$/m.exec(text)![1]!;
}
