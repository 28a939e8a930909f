import { decodeBase32 } from "../../components/core/base32";

/** Sends a line to a daemon's control port, authenticated, and gives its answers as it wrote them. */
export type Control = (line: string) => Promise<string>;

/**
 * The keys with which a daemon finds services of restricted discovery, one per service. Hosts are `<56
 * characters>.<suffix>`; keys are x25519 private keys in base32, as in invites. Its functions reject with an Error that
 * names neither.
 *
 * The keys go over the control port (tor's control-spec, ONION_CLIENT_AUTH_ADD and ONION_CLIENT_AUTH_REMOVE), so that
 * they are in the daemon's memory and in no file. Measured with anon 0.4.9.11: without a key the answer to SOCKS is
 * 0xF4, with one that the service does not know 0xF5, each in 0.1 s; from the moment at which a right one is added,
 * connections come about (0.2 s). A file in ClientOnionAuthDir and SIGHUP work as soon (0.3 s), but a key that was
 * tried so cannot be taken back: only REMOVE drops the descriptor that it has opened.
 */
export interface KeyRing {
  has(host: string): boolean;
  /** Adds a key, in place of the one that the host has. */
  give(host: string, key: string): Promise<void>;
  /** Removes a host's key, and what the daemon has found by it. */
  take(host: string): Promise<void>;
}

/** The keys of the daemon behind a control port; none at first. */
export function keyRing(control: Control): KeyRing {
  const hosts = new Set<string>();
  return {
    has: (host) => hosts.has(host),
    give: async (host, key) => {
      const bytes = decodeBase32(key.toLowerCase());
      if (bytes?.length !== 32) throw new Error("the key for a service's discovery is no x25519 key");
      await order(control, `ONION_CLIENT_AUTH_ADD ${serviceId(host)} x25519:${bytes.toString("base64")}`);
      hosts.add(host);
    },
    take: async (host) => {
      await order(control, `ONION_CLIENT_AUTH_REMOVE ${serviceId(host)}`);
      hosts.delete(host);
    },
  };
}

function serviceId(host: string): string {
  return host.split(".")[0] ?? "";
}

/**
 * Answers that mean "done": 250, 251 (there was another key) and 252 (and a descriptor at hand could be read with it).
 */
const DONE = /^25[012] /;

async function order(control: Control, line: string): Promise<void> {
  const [authenticated = "", answer = ""] = (await control(line)).split("\r\n").filter(Boolean);
  const refusal = [authenticated, answer].find((text) => !DONE.test(text));
  if (refusal === undefined) return;
  // The text after the number may repeat the address.
  const code = refusal.slice(0, 3).replace(/\D/g, "?") || "nothing";
  throw new Error(`the second daemon does not take a key: its control port answers ${code}`);
}
