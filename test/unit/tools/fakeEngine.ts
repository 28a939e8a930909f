import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";

/** A Docker Engine that answers what a test wants and remembers what it was asked. */
export interface FakeEngine {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** `METHOD /path` of every request, without the API's version. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * Starts an Engine on a socket of its own.
 *
 * @param answers JSON by `METHOD /path`, without query; anything else is answered with 404
 */
export async function startFakeEngine(answers: Record<string, unknown>): Promise<FakeEngine> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fake-engine-"));
  const socket = path.join(folder, "docker.sock");
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const [target = "", query] = request.url!.replace(/^\/v[\d.]+/, "").split("?");
    requests.push(`${request.method} ${target}${query ? `?${query}` : ""}`);
    const answer = answers[`${request.method} ${target}`];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { message: "no such thing" }));
  });
  await new Promise<void>((done) => server.listen(socket, done));
  return {
    host: `unix://${socket}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      fs.rmSync(folder, { recursive: true });
    },
  };
}
