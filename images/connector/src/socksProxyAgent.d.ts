// The package is ESM with an `exports` map, which the "node" module resolution of this program ignores.
declare module "socks-proxy-agent" {
  import type { Agent, ClientRequest } from "node:http";
  import type { Socket } from "node:net";
  /** An agent that dials through a SOCKS proxy. With a `socks5h://` URL the proxy resolves names. */
  export class SocksProxyAgent extends Agent {
    constructor(proxyUrl: string, options?: { readonly timeout?: number });
    connect(request: ClientRequest, to: { host: string; port: number; secureEndpoint: false }): Promise<Socket>;
  }
}
