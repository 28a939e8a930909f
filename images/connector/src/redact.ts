/** The published connector's own redaction, including its gap: it hides `.anon` but not `.anyone` or `.onion`. */

const REDACTED = "<redacted-anon>";

/** `url`, or a placeholder if it contains `.anon`. */
export function redactUrl(url: string): string {
  return url.toLowerCase().includes(".anon") ? REDACTED : url;
}

/** `message` with every word that contains `.anon` replaced by the placeholder. */
export function redactMessage(message: string): string {
  return message.replace(/\S*\.anon\S*/gi, REDACTED);
}
