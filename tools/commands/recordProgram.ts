import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { RANDOM_SECRET_TYPE } from "../../components/core/names";
import { debuggable } from "../../stack/promiseTraces";

/** A resource as the program registered it under mocks. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly inputs: Record<string, unknown>;
  /** The options that decide what becomes of a resource; absent ones are left out. */
  readonly options: Partial<ReturnType<typeof optionsOf>>;
  /** For each input that comes from other resources, which: `Volume home-identity-keys`. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
}

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
export function record(build: () => unknown, stack: string, made: Made, project = "town-ator"): Promise<Recorded[]> {
  return withoutLeakDetector(async () => {
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
  });
}

/**
 * Pulumi's SDK keeps a stack trace with each of its promises (see promiseTraces.ts). Nobody hears of leaked promises
 * here, and V8 takes no stack trace at all while the limit is not a plain value.
 */
async function withoutLeakDetector<T>(act: () => Promise<T>): Promise<T> {
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")!;
  const { debuggablePromise } = debuggable;
  Object.defineProperty(Error, "stackTraceLimit", { configurable: true, get: () => 0, set: () => undefined });
  debuggable.debuggablePromise = (promise) => promise;
  try {
    return await act();
  } finally {
    debuggable.debuggablePromise = debuggablePromise;
    Object.defineProperty(Error, "stackTraceLimit", limit);
  }
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

/** A recorded value with the marks of secrets taken off, wherever they are. */
export function reveal(input: unknown): unknown {
  return mapSecrets(input, reveal);
}

/** A recorded value with each secret replaced by `[secret]`. */
export function redacted(input: unknown): unknown {
  return mapSecrets(input, () => "[secret]");
}

function mapSecrets(input: unknown, replace: (secret: unknown) => unknown): unknown {
  if (pulumi.runtime.isRpcSecret(input)) return replace(pulumi.runtime.unwrapRpcSecret(input));
  if (Array.isArray(input)) return input.map((item) => mapSecrets(item, replace));
  if (typeof input !== "object" || input === null) return input;
  return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, mapSecrets(item, replace)]));
}

interface Monitor {
  registerResource(
    request: RegisterResourceRequest,
    callback: (error: Error | undefined, response: { getUrn(): string } | undefined) => void,
  ): void;
}

function recorded(request: RegisterResourceRequest, urn: string): Recorded {
  const isGiven = (option: unknown) => (Array.isArray(option) ? option.length > 0 : Boolean(option));
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    inputs: request.getObject()?.toJavaScript() ?? {},
    options: Object.fromEntries(Object.entries(optionsOf(request)).filter(([, option]) => isGiven(option))),
    propertyDependencies: propertyDependencies(request),
  };
}

function optionsOf(request: RegisterResourceRequest) {
  return {
    parent: nameOf(request.getParent()),
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    replaceOnChanges: request.getReplaceonchangesList(),
    ignoreChanges: request.getIgnorechangesList(),
    dependsOn: request.getDependenciesList().map(nameOf).sort(),
  };
}

function propertyDependencies(request: RegisterResourceRequest): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((value: { getUrnsList(): string[] }, key: string) => {
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
