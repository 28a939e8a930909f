import * as pulumi from "@pulumi/pulumi";
import { RANDOM_SECRET_TYPE } from "../../components/core/names";

/** A resource as the program registered it under mocks. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly inputs: Record<string, unknown>;
  readonly options: RecordedOptions;
  /** For each input that comes from other resources, which: `Volume home-identity-keys`. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
}

/** The options that decide what becomes of a resource; absent ones are left out. */
export interface RecordedOptions {
  readonly parent?: string;
  readonly protect?: true;
  readonly retainOnDelete?: true;
  readonly deleteBeforeReplace?: true;
  readonly replaceOnChanges?: string[];
  readonly ignoreChanges?: string[];
  readonly dependsOn?: string[];
}

/**
 * The key by which Pulumi marks a secret on the wire, and the value that says so (pulumi's sdk/nodejs/runtime/rpc.ts).
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** What a deployment would make, by the names of the resources. */
export interface Made {
  /** The value of a random secret. */
  secret(name: string): string;
  /** The id of an image. */
  imageId(name: string): string;
}

/**
 * Runs a program under Pulumi's mocks as stack `stack` of this project, or of `project`, and returns every resource
 * that it registered, in order of their URNs, once all of them are. Nothing is deployed: this is what golden previews,
 * `make render` and `make bench` look at.
 */
export async function record(
  build: () => unknown,
  stack: string,
  made: Made,
  project = "town-ator",
): Promise<Recorded[]> {
  const seen: Recorded[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs }) => ({
        id: `${name}-id`,
        state: { name, ...(inputs as object), ...outputsOf(type, name, made) },
      }),
      call: ({ token }) => {
        throw new Error(`no mock for ${token}`);
      },
    },
    project,
    stack,
    false,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    register(request, (error, response) => {
      if (response) seen.push(recorded(request, response.getUrn()));
      callback(error, response);
    });
  };
  await build();
  await pulumi.runtime.disconnect();
  return seen.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

/** What a provider would answer for a resource after an `up`, beyond its inputs. */
function outputsOf(type: string, name: string, made: Made): Record<string, unknown> {
  switch (type) {
    case RANDOM_SECRET_TYPE:
      return { result: made.secret(name) };
    case "docker:index/container:Container":
      return { exitCode: 0, containerLogs: "" };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: made.imageId(name) };
    default:
      return {};
  }
}

/** Whether a recorded input is marked as a secret. */
export function isSecretInput(input: unknown): boolean {
  return typeof input === "object" && input !== null && (input as Record<string, unknown>)[SIGNATURE] === SECRET;
}

/** A recorded value with the marks of secrets taken off, wherever they are. */
export function reveal(input: unknown): unknown {
  return mapSecrets(input, (secret) => reveal(secret));
}

/** A recorded value with each secret replaced by `[secret]`. */
export function redacted(input: unknown): unknown {
  return mapSecrets(input, () => "[secret]");
}

function mapSecrets(input: unknown, replace: (secret: unknown) => unknown): unknown {
  if (isSecretInput(input)) return replace((input as { value: unknown }).value);
  if (Array.isArray(input)) return input.map((item) => mapSecrets(item, replace));
  if (typeof input !== "object" || input === null) return input;
  return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, mapSecrets(item, replace)]));
}

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
  getIgnorechangesList(): string[];
  getDependenciesList(): string[];
  getPropertydependenciesMap(): { forEach(use: (value: { getUrnsList(): string[] }, key: string) => void): void };
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}

interface Monitor {
  registerResource(
    request: Request,
    callback: (error: Error | undefined, response: { getUrn(): string } | undefined) => void,
  ): void;
}

function recorded(request: Request, urn: string): Recorded {
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    inputs: request.getObject()?.toJavaScript() ?? {},
    options: {
      ...(request.getParent() ? { parent: nameOf(request.getParent()) } : {}),
      ...(request.getProtect() ? { protect: true } : {}),
      ...(request.getRetainondelete() ? { retainOnDelete: true } : {}),
      ...(request.getDeletebeforereplace() ? { deleteBeforeReplace: true } : {}),
      ...(request.getReplaceonchangesList().length > 0 ? { replaceOnChanges: request.getReplaceonchangesList() } : {}),
      ...(request.getIgnorechangesList().length > 0 ? { ignoreChanges: request.getIgnorechangesList() } : {}),
      ...(request.getDependenciesList().length > 0
        ? { dependsOn: request.getDependenciesList().map(nameOf).sort() }
        : {}),
    },
    propertyDependencies: propertyDependencies(request),
  };
}

function propertyDependencies(request: Request): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((value, key) => {
    if (value.getUrnsList().length > 0) found[key] = value.getUrnsList().map(kindAndName).sort();
  });
  return found;
}

function kindAndName(urn: string): string {
  const [, kind, name] = /:([A-Za-z]+)::([^:]+)$/.exec(urn) ?? [];
  return `${kind} ${name}`;
}

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
