// The package is ESM with an `exports` map, which the program's "node" module resolution does not read.
declare module "socks-proxy-agent" {
  import type { Agent } from "node:http";
  /** An agent that dials through a SOCKS proxy. A `socks5h://` URL makes the proxy resolve names. */
  export class SocksProxyAgent extends Agent {
    constructor(proxyUrl: string);
  }
}
