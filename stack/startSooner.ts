import { loadLater } from "./loadLater";

// Import this first. What is not loaded here takes a quarter of a second at each start of a program.
// npm's own code, a hundred packages: the SDK serializes functions with it (its runtime/closure/codePaths.ts).
loadLater("@npmcli/arborist", require.resolve("@pulumi/pulumi"));
// zod's messages in fifty languages: English is loaded by itself.
loadLater("zod/v4/locales");
