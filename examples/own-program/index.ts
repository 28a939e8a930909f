import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import {
  anonImage,
  AtorSidecar,
  connectorImage,
  HiddenServiceVolume,
  LocalAtorNetwork,
  silenceDebugMessages,
  townNetwork,
} from "town-ator";

silenceDebugMessages();
const config = new pulumi.Config();

const image = anonImage("anon", { base: process.env["TOWN_ATOR_ANON_BASE"] });
const network = new LocalAtorNetwork("lab", { image });
const identity = new HiddenServiceVolume("shop-identity", { image, keep: false });
const target = townNetwork("shop-inside");
const sidecar = new AtorSidecar("shop-sidecar", { identity, network, target });

const apiKey = new random.RandomPassword("shop-admin-key", { length: 43, special: false }).result;
const settings = pulumi.jsonStringify({
  nodeId: "g.shop",
  btpServerPort: 3000,
  adminApi: { enabled: true, host: "127.0.0.1", port: 8081, apiKey },
  transport: { type: "socks5", socksProxy: sidecar.socksProxy, externalUrl: identity.anonUrl, managed: false },
  peers: [],
  routes: [{ prefix: "g.shop", nextHop: "g.shop" }],
});
const connector = new docker.Container(
  "shop-connector",
  {
    image: config.get("connector") ?? connectorImage("connector"),
    // JSON is YAML.
    uploads: pulumi.secret(settings).apply((content) => [{ file: "/app/config.yaml", content }]),
    envs: ["CONFIG_FILE=/app/config.yaml", "BTP_ALLOW_NOAUTH=false"],
    networksAdvanced: [{ name: target.networkName, ipv4Address: target.connectorAddress }],
    dns: ["192.0.2.1"],
    memory: 256,
    memorySwap: 256,
    restart: "always",
  },
  // The connector gives up when it finds no proxy.
  { dependsOn: sidecar },
);

export const containers = { connector: connector.name, sidecar: sidecar.containerName };
export const anonUrl = identity.anonUrl;
export const fingerprint = identity.current.fingerprint;
