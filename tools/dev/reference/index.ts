import { commandsReference } from "./commands";
import { outputsReference } from "./outputs";
import { policiesReference } from "./policies";
import { settingsJsonSchema, settingsReference } from "./settings";

/** The files that are written from the code, by their paths in the project; as yet unformatted. */
export function referenceFiles(): Record<string, string> {
  return {
    "stack/settings.schema.json": JSON.stringify(settingsJsonSchema()),
    "docs/reference/settings.md": settingsReference(),
    "docs/reference/outputs.md": outputsReference(),
    "docs/reference/commands.md": commandsReference(),
    "docs/reference/policies.md": policiesReference(),
  };
}
