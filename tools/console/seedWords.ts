// ES modules, which Node can `require` from 20.19 on.
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { UserError } from "./project";

/** Words of a 32-byte seed by BIP-39: 256 bits and a checksum of 8, 11 bits a word. */
const COUNT = 24;

/** Most wrong words for which a word of the list is suggested: suggestions for all would spell out the seed. */
const MOST_SUGGESTIONS = 3;

/** A town's seed, 32 bytes, as 24 words of BIP-39's English list. */
export function wordsOf(seed: Uint8Array): string[] {
  return entropyToMnemonic(seed, wordlist).split(" ");
}

/** Whether a text could be words, right or wrong, rather than base64: several groups of nothing but letters. */
export function looksLikeWords(text: string): boolean {
  return /^\s*[a-z]{1,20}(\s+[a-z]{1,20})+\s*$/i.test(text);
}

/**
 * The seed that 24 words stand for, in any case and with any white space between them.
 *
 * Throws a UserError that names wrong words by their position, or says that the count or the checksum is wrong.
 */
export function seedFromWords(text: string): Buffer {
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words.length !== COUNT)
    throw new UserError(`What was given has ${words.length} words; a town's seed has ${COUNT}.`);
  const wrong = words.flatMap((word, index) => (wordlist.includes(word) ? [] : [{ word, position: index + 1 }]));
  if (wrong.length > 0) {
    const lines = wrong.map(
      ({ word, position }) =>
        `  word ${position} is not in the list${wrong.length > MOST_SUGGESTIONS ? "" : `; did you mean ${nearest(word)}?`}`,
    );
    throw new UserError(`These are not words of the BIP-39 English list; nothing is changed:\n${lines.join("\n")}`);
  }
  try {
    return Buffer.from(mnemonicToEntropy(words.join(" "), wordlist));
  } catch {
    throw new UserError(
      "All words are in the list, but their checksum is wrong: one of them is another than on the paper, or two have changed places. Nothing is changed.",
    );
  }
}

function nearest(word: string): string {
  return wordlist.reduce((best, candidate) => (distance(word, candidate) < distance(word, best) ? candidate : best));
}

/** Levenshtein's distance: the fewest insertions, deletions and changes of a letter that make `b` of `a`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min(row[j]! + (letter === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
    row = next;
  }
  return row[b.length]!;
}
