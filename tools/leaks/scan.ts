import { Search, type Content } from "./search";
import { spellingsOf } from "./spellings";

/** Something that somebody without the stack's passphrase can read. */
export interface Place {
  /** What it is, for the report: `docker logs town-ator-dev-home-connector`. */
  readonly place: string;
  readonly content: Content;
  /**
   * What is wrong with the place itself, whatever stands in it: a file that others may read, something that could not
   * be looked at.
   */
  readonly faults?: readonly Fault[];
}

/** Why a place is no good: `{ what: "/keys/hs-1/hs_ed25519_secret_key", why: "mode 0644" }`. */
export interface Fault {
  readonly what: string;
  readonly why: string;
}

/** Something that must stand in no such place. */
export interface NamedSecret {
  readonly name: string;
  /** A text, or the bytes of a key. */
  readonly value: string | Uint8Array;
  /** The one place where it has to stand: this variable in the environment of the process of this town's connector. */
  readonly variable?: { readonly town: string; readonly name: string };
}

/** A secret in a place, or a fault of the place. The value itself is not in here, so this can be printed. */
export interface Leak {
  readonly place: string;
  readonly name: string;
  /** How it stands there (raw, JSON-escaped, URL-escaped, hex, base64 or base64url), or why it is a fault. */
  readonly encoding: string;
}

/** Looks for the same secrets in one place after the other. */
export class Scanner {
  readonly #wanted: readonly { readonly name: string; readonly encoding: string }[];
  readonly #search: Search;

  constructor(secrets: readonly NamedSecret[]) {
    const all = secrets.flatMap(({ name, value }) => spellingsOf(value).map((spelling) => ({ name, ...spelling })));
    this.#wanted = all;
    this.#search = new Search(all.map(({ bytes }) => bytes));
  }

  /** The secrets that stand in a place, once for each encoding, and the place's faults; and how many bytes it has. */
  async look({ place, content, faults = [] }: Place): Promise<{ leaks: Leak[]; bytes: number }> {
    const { found, bytes } = await this.#search.in(content);
    const seen = new Map([...found].map((index) => this.#wanted[index]!).map((w) => [`${w.name}\0${w.encoding}`, w]));
    const leaks = [...seen.values()].map(({ name, encoding }) => ({ place, name, encoding }));
    return { leaks: [...leaks, ...faults.map(({ what, why }) => ({ place, name: what, encoding: why }))], bytes };
  }
}
