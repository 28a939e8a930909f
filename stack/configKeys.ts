/** The namespace of this project's keys in a stack's config. */
export const NAMESPACE = "town-ator";

/** Keys whose values must be encrypted, each with how to set one. */
export const SECRET_KEYS = {
  identities: "remove it and use `make identity-adopt`",
  secrets: "remove it and set all of them at once, as JSON, with pulumi config set --secret",
  tokens: "remove it and set all of them at once, as JSON, with pulumi config set --secret",
  relayKeys: "remove it and set all of them at once, as JSON, with pulumi config set --secret",
  invites: "remove it and use `make accept`",
} as const;
