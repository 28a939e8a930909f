import { Search, type Content } from "./search";
import { spellingsOf } from "./spellings";

/** Something readable without the stack's passphrase. */
export interface Place {
  /** Its name in the report: `docker logs town-ator-dev-home-connector`. */
  readonly place: string;
  readonly content: Content;
  /** What is wrong with the place itself, whatever it contains: a file open to others, something unsearchable. */
  readonly faults?: readonly Fault[];
}

/** For example `{ what: "/keys/hs-1/hs_ed25519_secret_key", why: "mode 0644" }`. */
export interface Fault {
  readonly what: string;
  readonly why: string;
}

/** Something that must not occur in any place. */
export interface NamedSecret {
  readonly name: string;
  /** Text, or the bytes of a key. */
  readonly value: string | Uint8Array;
  /** The only place where it belongs: this variable in the environment of this town's connector. */
  readonly variable?: { readonly town: string; readonly name: string };
}

/** A secret in a place, or a fault of the place. Does not contain the value, so it can be printed. */
export interface Leak {
  readonly place: string;
  readonly name: string;
  /** The encoding found (raw, JSON-escaped, URL-escaped, hex, base64 or base64url), or why it is a fault. */
  readonly encoding: string;
}

/** Searches places for a fixed list of secrets. */
export class Scanner {
  readonly #wanted: readonly { readonly name: string; readonly encoding: string }[];
  readonly #search: Search;

  constructor(secrets: readonly NamedSecret[]) {
    const all = secrets.flatMap(({ name, value }) => spellingsOf(value).map((spelling) => ({ name, ...spelling })));
    this.#wanted = all;
    this.#search = new Search(all.map(({ bytes }) => bytes));
  }

  /** The secrets in a place, once per encoding, the place's faults, and its size in bytes. */
  async look({ place, content, faults = [] }: Place): Promise<{ leaks: Leak[]; bytes: number }> {
    const { found, bytes } = await this.#search.in(content);
    const seen = new Map([...found].map((index) => this.#wanted[index]!).map((w) => [`${w.name}\0${w.encoding}`, w]));
    const leaks = [...seen.values()].map(({ name, encoding }) => ({ place, name, encoding }));
    return { leaks: [...leaks, ...faults.map(({ what, why }) => ({ place, name: what, encoding: why }))], bytes };
  }
}
