import { dockerClient } from "../../tools/docker/dockerHost";
import { daemonFacts } from "../../tools/verify/containers";
import { docker, nodeIn, within, type TestStack } from "./support";

/** What a deployment that was set up by hand takes from a stack on whose local ATOR network it is. */
export interface Ground {
  /** The images' ids. */
  readonly anon: string;
  readonly connector: string;
  /** Docker's name of the network on which the ATOR relays are. */
  readonly network: string;
  /** The lines of an anonrc that name the directory authorities. */
  readonly authorities: string;
}

/** Reads that from a town of the stack. */
export async function groundOf(stack: TestStack, town: string): Promise<Ground> {
  const client = dockerClient((await stack.environment()).dockerHost);
  const container = `town-ator-${stack.name}-${town}`;
  const { image, network, includeVolume } = await daemonFacts(client, `${container}-sidecar`);
  const { output: connector } = await docker("inspect", "--format", "{{.Image}}", `${container}-connector`);
  const file = ["--volume", `${includeVolume}:/network:ro`, "--entrypoint", "cat", image, "/network/anonnet.conf"];
  const { output: authorities } = await docker("run", "--rm", "--network", "none", ...file);
  return { anon: image, connector, network, authorities };
}

/** A daemon's anonrc: a SOCKS port on loopback, and a hidden service whose port 3000 leads to that of loopback. */
export function anonrc({ authorities }: Ground, hiddenServiceDir: string): string {
  return [
    "AgreeToTerms 1",
    authorities,
    "DataDirectory /tmp/data",
    "SocksPort 127.0.0.1:9050",
    `HiddenServiceDir ${hiddenServiceDir}`,
    "HiddenServicePort 3000 127.0.0.1:3000",
    "Log notice stdout",
    "",
  ].join("\n");
}

/** Where a connector is dialled whose hidden service a container serves, once it has an address. */
export async function urlOf(container: string, hiddenServiceDir: string): Promise<string> {
  let hostname = "";
  await within(60, `the daemon in ${container} has an address`, async () => {
    hostname = await docker("exec", container, "cat", `${hiddenServiceDir}/hostname`).then(
      ({ output }) => output,
      () => "",
    );
    return /^[a-z2-7]{56}\.anon$/.test(hostname) || "it has none";
  });
  return `ws://${hostname}:3000`;
}

/** Sends one packet through a connector's admin API on loopback; true if it was accepted. */
export async function packetBy(
  container: string,
  destination: string,
  { port, apiKey }: { readonly port: number; readonly apiKey?: string },
): Promise<true | string> {
  const headers = { "content-type": "application/json", ...(apiKey !== undefined && { "x-api-key": apiKey }) };
  const request = { method: "POST", headers, body: JSON.stringify({ destination, amount: "0", data: "" }) };
  const url = `http://127.0.0.1:${port}/admin/ilp/send`;
  const script = `fetch(${JSON.stringify(url)}, ${JSON.stringify(request)}).then((r) => r.text()).then(console.log)`;
  const answer = await nodeIn(container, script).catch((error: Error) => error.message);
  return answer.includes('"accepted":true') || answer;
}
