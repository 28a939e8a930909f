/**
 * The published connector's own redaction, with its hole: it knows `.anon` and nothing else, so `.anyone` and `.onion`
 * pass.
 */

const REDACTED = "<redacted-anon>";

/** `url`, or a sentinel when `.anon` occurs in it. */
export function redactUrl(url: string): string {
  return url.toLowerCase().includes(".anon") ? REDACTED : url;
}

/** `message` with every word that holds `.anon` replaced by the sentinel. */
export function redactMessage(message: string): string {
  return message.replace(/\S*\.anon\S*/gi, REDACTED);
}
