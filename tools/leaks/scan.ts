import type Docker from "dockerode";
import type { Pulumi } from "../pulumi/pulumi";
import { encodingsOf } from "../../components/core/redact";
import { Search, SHORTEST_NEEDLE, type Content } from "./search";

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

/** Shows a place to the scanner. */
export type Look = (place: Place) => Promise<void>;

/** A deployed stack, as the collectors see it. */
export interface Scene {
  readonly stack: string;
  readonly docker: Docker;
  /** Whether the Docker host is another machine, whose files cannot be read. Default: false. */
  readonly elsewhere?: boolean;
  readonly pulumi: Pulumi;
  /** Output of our own commands: the report of `make verify`, the errors of a failed `up`. */
  readonly said: readonly Place[];
  /** What to search for. Collectors need it only to leave out what belongs in a connector's environment. */
  readonly secrets: readonly NamedSecret[];
}

/** One kind of place where a secret could appear. */
export interface Collector {
  readonly name: string;
  /** Fast enough for `make verify`; otherwise only the end-to-end tests run it. */
  readonly quick: boolean;
  /** What it leaves out where the Docker host is another machine. */
  readonly unseenElsewhere?: string;
  /** Passes each place to `look`, one at a time: a place may be a stream. */
  readonly collect: (scene: Scene, look: Look) => Promise<void>;
}

/**
 * Every way to write a secret in text or binary data, as the launcher's filter does it, and the bytes of a key as they
 * are. None of a value that is too short to search for. The search itself ignores case.
 */
function spellingsOf(value: string | Uint8Array): { encoding: string; bytes: Buffer }[] {
  const bare = typeof value === "string" ? value.replace(/=+$/, "") : value;
  if (bare.length < SHORTEST_NEEDLE) return [];
  const raw = typeof bare === "string" ? [] : [{ encoding: "raw", bytes: Buffer.from(bare) }];
  return [...raw, ...encodingsOf(bare).map(({ encoding, text }) => ({ encoding, bytes: Buffer.from(text) }))];
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
