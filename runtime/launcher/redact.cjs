// @ts-check
/* global module */
"use strict";
/** Addresses and tokens out of text that may leave the container. */

/** A token shorter than this is not taken out of the output: common words would vanish from the log with it. */
const MIN_SECRET_LENGTH = 8;
/** Longest user info part of a URL that is recognised, in characters; the bound keeps the search linear. */
const MAX_USER_INFO = 1024;

/** @typedef {{ encoding: string, text: string }} Encoded */
/** @typedef {(text: string) => string} Redactor */

/**
 * Every spelling of a value that has to be looked for in text. Base64 is given for each of the three alignments that
 * the value can have inside something longer (a frame, a JSON text): the digits that depend on the value alone.
 * @param {string} value
 * @returns {Encoded[]} without duplicates, raw first
 */
function encodingsOf(value) {
  const bytes = Buffer.from(value, "utf8");
  const hex = bytes.toString("hex");
  const escaped = encodeURIComponent(bytes.toString("utf8"));
  const all = [
    { encoding: "raw", text: value },
    { encoding: "JSON-escaped", text: JSON.stringify(value).slice(1, -1) },
    { encoding: "URL-escaped", text: escaped },
    { encoding: "URL-escaped", text: escaped.replace(/%[0-9A-F]{2}/g, (e) => e.toLowerCase()) },
    { encoding: "hex", text: hex },
    { encoding: "hex", text: hex.toUpperCase() },
    { encoding: "base64", text: bytes.toString("base64") },
    { encoding: "base64", text: bytes.toString("base64").replace(/=+$/, "") },
    { encoding: "base64url", text: bytes.toString("base64url") },
  ];
  for (const shift of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    // Six bits a digit: leave out the digits that share bits with what stands before or after the value.
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    all.push({ encoding: "base64", text: shifted.toString("base64").slice(from, to) });
    all.push({ encoding: "base64url", text: shifted.toString("base64url").slice(from, to) });
  }
  const seen = new Set();
  return all.filter(({ text }) => text !== "" && !seen.has(text) && seen.add(text));
}

/** @param {string} text @returns {string} the text as a regular expression that matches just it */
function literal(text) {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

const ADDRESS = /[a-z2-7]{56}(\.|%2e|\\u002e)(anon|anyone|onion)/gi;
const BARE_ADDRESS = /[a-z2-7]{56,}/gi;
const USER_INFO = new RegExp(String.raw`((?::|%3a)(?:\\?/|%2f){2})[^\s"'<>]{1,${MAX_USER_INFO}}(?:@|%40)`, "gi");

/**
 * Makes the filter for text that may leave the container. It replaces
 * - each given secret of at least 8 characters, raw, base64, base64url, hex, URL-escaped or JSON-escaped, by
 *   `[secret]`;
 * - the user info of a URL (`ws://user:password@host`) by `[secret]`;
 * - the 56 characters of a hidden service's address by `[address]`, in either case, with its suffix (.anon, .anyone,
 *   .onion; the dot may be escaped) kept. Without a suffix a run of 56 or more base32 characters counts as an address
 *   if a `d`, in which every version 3 address ends, stands where the address could end.
 * @param {Iterable<string>} [secrets]
 * @returns {Redactor}
 */
function createRedactor(secrets = []) {
  const forms = [...secrets]
    .filter((s) => s.length >= MIN_SECRET_LENGTH)
    .flatMap((s) => encodingsOf(s).map((e) => e.text));
  // The longest first: where two spellings start at the same place, nothing of the longer one is left over.
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  const secret = longestFirst.length > 0 ? new RegExp(longestFirst.map(literal).join("|"), "g") : undefined;
  return (text) =>
    (secret ? text.replace(secret, "[secret]") : text)
      .replace(USER_INFO, "$1[secret]@")
      .replace(ADDRESS, "[address]$1$2")
      .replace(BARE_ADDRESS, (run) => (/d/i.test(run.slice(55)) ? "[address]" : run));
}

/**
 * The filter of `createRedactor`, for a single text.
 * @param {string} text
 * @param {Iterable<string>} [secrets] values to take out besides addresses and user info; those shorter than 8
 * characters are left
 * @returns {string}
 */
function redact(text, secrets = []) {
  return createRedactor(secrets)(text);
}

module.exports = { MAX_USER_INFO, createRedactor, encodingsOf, redact };
