/** An error whose message is meant for the operator and holds no secret. */
export class LauncherError extends Error {}

/** The code of a system error (`ENOENT`). Never its text, which may quote what it was given. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown error";
}
