import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as pluginProto from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { check } from "./check";
import { diff, planned } from "./diff";
import { CreationError, previewOutputs, outputsOf, type Plugin, type Resource } from "./provider";
import { readInputs } from "./readInputs";
import { plainProperties, secret, type Properties } from "./values";

/** The engine sends and takes messages of up to 400 MB (@pulumi/pulumi/runtime/settings.js). */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Serves a plugin to Pulumi's engine: prints the port on standard output and answers until the engine ends the process.
 *
 * The SDK's own server (`@pulumi/pulumi/provider`) is not enough: it passes on neither the provider's configuration nor the
 * difference property by property (which `replaceOnChanges` works on), and makes no outputs in a preview.
 * Like the official plugins', this one says `acceptSecrets: false`: the engine then takes secret markers off what it sends and puts
 * them back on every property whose input had one, so a secret in `envs` makes all of `envs` secret in the state.
 */
export async function serve(plugin: Plugin): Promise<void> {
  const { port } = await listen(plugin);
  process.stdout.write(`${port}\n`);
}

/** Answers for the plugin on a free port of the loopback interface, until `close`. */
export async function listen(plugin: Plugin): Promise<{ port: number; close: () => void }> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(ResourceProviderService, handlers(plugin));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, close: () => server.forceShutdown() };
}

/** The answers of a plugin to each call of the engine's protocol (pulumi/provider.proto). */
function handlers(plugin: Plugin): grpc.UntypedServiceImplementation {
  const label = `${plugin.name} ${plugin.version}`;
  const find = (urn: string): Resource => {
    const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const resource = plugin.resources.find(({ type }) => type.token === token);
    if (resource === undefined)
      throw new Error(`${token || urn} needs the official plugin ${label}: this stand-in does not know the resource`);
    return resource;
  };

  return {
    getPluginInfo: unary(() => new pluginProto.PluginInfo().setVersion(plugin.version)),
    attach: unary(() => new Empty()),
    cancel: unary(() => new Empty()),
    getSchema: unary(() => new proto.GetSchemaResponse().setSchema("{}")),
    invoke: unary((request: proto.InvokeRequest) => {
      throw new Error(`${request.getTok()} needs the official plugin ${label}: this stand-in has no functions`);
    }),

    checkConfig: unary((request: proto.CheckRequest) => new proto.CheckResponse().setInputs(request.getNews())),
    diffConfig: unary((request: proto.DiffRequest) => {
      const same = JSON.stringify(fromStruct(request.getOlds())) === JSON.stringify(fromStruct(request.getNews()));
      return new proto.DiffResponse().setChanges(
        same ? proto.DiffResponse.DiffChanges.DIFF_NONE : proto.DiffResponse.DiffChanges.DIFF_SOME,
      );
    }),
    configure: unary(async (request: proto.ConfigureRequest) => {
      await plugin.configure(fromStruct(request.getArgs()));
      return new proto.ConfigureResponse().setAcceptsecrets(false).setSupportspreview(true);
    }),

    check: unary((request: proto.CheckRequest) => {
      const proposedName = request.getAutonaming()?.getProposedName();
      const { inputs, failures } = check(
        find(request.getUrn()).type,
        request.hasOlds() ? fromStruct(request.getOlds()) : undefined,
        fromStruct(request.getNews()),
        {
          plugin: label,
          name: request.getUrn().split("::").at(-1) ?? "",
          randomSeed: request.getRandomseed_asU8(),
          ...(proposedName ? { proposedName } : {}),
        },
      );
      return new proto.CheckResponse()
        .setInputs(toStruct(inputs))
        .setFailuresList(
          failures.map(({ property, reason }) => new proto.CheckFailure().setProperty(property).setReason(reason)),
        );
    }),

    diff: unary((request: proto.DiffRequest) => {
      const found = diff(find(request.getUrn()).type, fromStruct(request.getOlds()), fromStruct(request.getNews()));
      const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
      const response = new proto.DiffResponse()
        .setChanges(found.changed.length > 0 ? DIFF_SOME : DIFF_NONE)
        .setDiffsList(found.changed)
        .setReplacesList(found.replaces)
        .setDeletebeforereplace(found.deleteBeforeReplace)
        .setHasdetaileddiff(true);
      for (const [path, kind] of Object.entries(found.detailed)) {
        response.getDetaileddiffMap().set(path, new proto.PropertyDiff().setKind(proto.PropertyDiff.Kind[kind]));
      }
      return response;
    }),

    create: unary(async (request: proto.CreateRequest) => {
      const resource = find(request.getUrn());
      const inputs = fromStruct(request.getProperties());
      if (request.getPreview())
        return new proto.CreateResponse().setProperties(outputStruct(resource, previewOutputs(resource.type, inputs)));
      const { id, outputs } = await resource.create(inputs);
      return new proto.CreateResponse().setId(id).setProperties(outputStruct(resource, outputs));
    }),

    read: unary(async (request: proto.ReadRequest) => {
      const olds = fromStruct(request.getProperties());
      const inputs = fromStruct(request.getInputs());
      const resource = find(request.getUrn());
      if (Object.keys(inputs).length === 0) {
        throw new Error(`import and get() need the official plugin ${label}: this stand-in reads only what it made`);
      }
      const outputs = await resource.read(request.getId(), olds);
      if (outputs === undefined) return new proto.ReadResponse();
      return new proto.ReadResponse()
        .setId(request.getId())
        .setProperties(outputStruct(resource, outputs))
        .setInputs(toStruct(readInputs(resource.type, inputs, outputs)));
    }),

    update: unary(async (request: proto.UpdateRequest) => {
      const resource = find(request.getUrn());
      const olds = fromStruct(request.getOlds());
      const news = fromStruct(request.getNews());
      if (!request.getPreview()) await resource.update?.(request.getId(), olds, news);
      return new proto.UpdateResponse().setProperties(
        outputStruct(resource, planned(resource.type, olds, outputsOf(resource.type.inputs, news))),
      );
    }),

    delete: unary(async (request: proto.DeleteRequest) => {
      await find(request.getUrn()).delete(request.getId(), fromStruct(request.getProperties()));
      return new Empty();
    }),
  };
}

function unary<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answered = async (): Promise<Response> => answer(call.request);
    answered().then(
      (response) => callback(null, response),
      (error: unknown) => callback(toGrpcError(error)),
    );
  };
}

/** An error as the engine understands it; a CreationError carries what was made (ErrorResourceInitFailed), so that the engine keeps it. */
function toGrpcError(error: unknown): Partial<grpc.StatusObject> {
  const details = error instanceof Error ? error.message : String(error);
  const metadata = new grpc.Metadata();
  if (error instanceof CreationError) {
    const failed = new proto.ErrorResourceInitFailed()
      .setId(error.id)
      .setProperties(toStruct(error.outputs))
      .setReasonsList([details]);
    const any = new Any();
    any.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(details).setDetailsList([any]);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details, metadata };
}

function fromStruct(struct: Struct | undefined): Properties {
  return plainProperties(struct?.toJavaScript() ?? {});
}

function outputStruct(resource: Resource, outputs: Properties): Struct {
  const marked = Object.entries(outputs).map(([key, value]) => [
    key,
    resource.type.secretOutputs?.includes(key) ? secret(value) : value,
  ]);
  return toStruct(Object.fromEntries(marked) as Properties);
}

function toStruct(properties: Properties): Struct {
  return Struct.fromJavaScript(properties);
}
