import { encodingsOf } from "../../components/launcher/launcher.cjs";

/** A text that somebody without the stack's passphrase can read. */
export interface Place {
  /** What it is, for the report: `docker logs town-ator-dev-home-connector`. */
  readonly place: string;
  readonly text: string;
}

/** Something that must stand in no such text. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

/** A secret in a place. The value itself is not in here, so this can be printed. */
export interface Leak {
  readonly place: string;
  readonly name: string;
  /** How it stands there: raw, JSON-escaped, URL-escaped, hex, base64 or base64url. */
  readonly encoding: string;
}

/**
 * Every secret that stands in a place, in any of the encodings, once for each place and encoding. An address is also looked for without its suffix, base64 also without its
 * padding, and letters of either case count: a hex dump and a host name may have either. An empty value is no secret.
 */
export function findLeaks(places: readonly Place[], secrets: readonly NamedSecret[]): Leak[] {
  const wanted = secrets.flatMap(({ name, value }) => spellings(value).map((spelling) => ({ name, ...spelling })));
  return places.flatMap(({ place, text }) => {
    const lower = text.toLowerCase();
    const leaks = wanted
      .filter(({ needle }) => lower.includes(needle))
      .map(({ name, encoding }) => ({ place, name, encoding }));
    return leaks.filter(
      (leak, at) => leaks.findIndex((l) => l.name === leak.name && l.encoding === leak.encoding) === at,
    );
  });
}

function spellings(value: string): { encoding: string; needle: string }[] {
  const bare = value.replace(/\.(anon|anyone|onion)$/, "").replace(/=+$/, "");
  if (bare === "") return [];
  return encodingsOf(bare).map(({ encoding, text }) => ({ encoding, needle: text.toLowerCase() }));
}
