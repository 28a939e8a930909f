import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "vitest";

const ROOT = path.join(__dirname, "..");

/** Compares a text with a recorded file of the project; `make golden` records it instead. */
export function expectGolden(file: string, text: string): void {
  const golden = path.join(ROOT, file);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    fs.mkdirSync(path.dirname(golden), { recursive: true });
    fs.writeFileSync(golden, text);
  }
  expect(text).toBe(fs.readFileSync(golden, "utf8"));
}
