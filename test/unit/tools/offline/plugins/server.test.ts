import { credentials, type ServiceError } from "@grpc/grpc-js";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CreationError,
  outputsOf,
  type Plugin,
  type Resource,
} from "../../../../../tools/offline/plugins/shared/provider";
import { listen } from "../../../../../tools/offline/plugins/shared/server";
import { secret, UNKNOWN, type Properties } from "../../../../../tools/offline/plugins/shared/values";

const thing: Resource = {
  type: {
    token: "box:index/thing:Thing",
    inputs: {
      name: { kind: "string", change: "replace", required: true },
      size: { kind: "integer", change: "update", default: 1 },
      host: { kind: "string", change: "replace", computed: true },
    },
    outputs: ["key"],
    secretOutputs: ["key"],
    defaultsInInputs: true,
    autoNamed: false,
    deleteBeforeReplace: "always",
  },
  create(inputs) {
    if (inputs["name"] === "broken") throw new CreationError("it does not start", "id-7", { name: "broken" });
    if (inputs["name"] === "refused") throw new Error("no such image");
    return Promise.resolve({ id: "id-1", outputs: { ...outputsOf(thing.type.inputs, inputs), key: "k" } });
  },
  read: (id, olds) => Promise.resolve(id === "gone" ? undefined : { ...olds, size: 5 }),
  delete: () => Promise.resolve(),
};

let configured: Properties = {};
const plugin: Plugin = {
  name: "box",
  version: "1.2.3",
  resources: [thing],
  configure(config) {
    configured = config;
    return config["host"] === "bad" ? Promise.reject(new Error("no daemon")) : Promise.resolve();
  },
};

let client: ResourceProviderClient;
let close: () => void;
beforeAll(async () => {
  const server = await listen(plugin);
  close = server.close;
  client = new ResourceProviderClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  close();
});

const urn = "urn:pulumi:dev::town-ator::town-ator:index:Town$box:index/thing:Thing::a";
const struct = (properties: Properties): Struct => Struct.fromJavaScript(properties);
const properties = (value: Struct | undefined): Properties => value?.toJavaScript() ?? {};

/** Makes one call; a failure rejects with gRPC's error. */
function call<Request, Response>(
  method: (request: Request, callback: (error: ServiceError | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) =>
    method.call(client, request, (error, response) => (error ? reject(error) : resolve(response))),
  );
}

const create = (inputs: Properties, preview = false): Promise<proto.CreateResponse> =>
  call<proto.CreateRequest, proto.CreateResponse>(
    client.create.bind(client),
    new proto.CreateRequest().setUrn(urn).setProperties(struct(inputs)).setPreview(preview),
  );

describe("the provider server", () => {
  it("gets the provider's configuration and asks the engine to keep secrets to itself", async () => {
    const request = new proto.ConfigureRequest().setArgs(struct({ host: "unix:///x" }));
    const response = await call<proto.ConfigureRequest, proto.ConfigureResponse>(
      client.configure.bind(client),
      request,
    );
    expect(configured).toEqual({ host: "unix:///x" });
    expect(response.getAcceptsecrets()).toBe(false);
    expect(response.getSupportspreview()).toBe(true);
  });

  it("fails in configure with the plugin's own words", async () => {
    const request = new proto.ConfigureRequest().setArgs(struct({ host: "bad" }));
    await expect(call(client.configure.bind(client), request)).rejects.toMatchObject({ details: "no daemon" });
  });

  it("completes the inputs, and reports what is wrong by property", async () => {
    const check = (news: Properties): Promise<proto.CheckResponse> =>
      call<proto.CheckRequest, proto.CheckResponse>(
        client.check.bind(client),
        new proto.CheckRequest().setUrn(urn).setNews(struct(news)),
      );
    expect(properties((await check({ name: "a" })).getInputs())).toEqual({ name: "a", size: 1, __defaults: ["size"] });
    const failures = (await check({ name: 5, pids: 1 })).getFailuresList();
    expect(failures.map((failure) => [failure.getProperty(), failure.getReason()])).toEqual([
      ["name", '"name" must be a string'],
      ["pids", '"pids" needs the official plugin box 1.2.3: this stand-in does not know the property'],
    ]);
  });

  it("says of each property what its change does", async () => {
    const request = new proto.DiffRequest()
      .setUrn(urn)
      .setId("id-1")
      .setOlds(struct({ name: "a", size: 1, host: "h" }))
      .setNews(struct({ name: "b", size: 2 }));
    const response = await call<proto.DiffRequest, proto.DiffResponse>(client.diff.bind(client), request);
    expect(response.getChanges()).toBe(proto.DiffResponse.DiffChanges.DIFF_SOME);
    expect(response.getDiffsList()).toEqual(["name", "size"]);
    expect(response.getReplacesList()).toEqual(["name"]);
    expect(response.getDeletebeforereplace()).toBe(true);
    expect(response.getHasdetaileddiff()).toBe(true);
    const { UPDATE, UPDATE_REPLACE } = proto.PropertyDiff.Kind;
    const kinds = response
      .getDetaileddiffMap()
      .toArray()
      .map(([path]) => [path, response.getDetaileddiffMap().get(path)?.getKind()]);
    expect(kinds.sort()).toEqual([
      ["name", UPDATE_REPLACE],
      ["size", UPDATE],
    ]);
  });

  it("makes the thing and marks its secret outputs", async () => {
    const response = await create({ name: "a", __defaults: [] });
    expect(response.getId()).toBe("id-1");
    expect(properties(response.getProperties())).toEqual({ name: "a", size: 1, key: secret("k") });
  });

  it("makes nothing in a preview, and shows what it cannot know as unknown", async () => {
    const response = await create({ name: "broken" }, true);
    expect(response.getId()).toBe("");
    expect(properties(response.getProperties())).toEqual({
      name: "broken",
      size: 1,
      host: UNKNOWN,
      key: secret(UNKNOWN),
    });
  });

  it("hands over what it made although it is not as it should be", async () => {
    const error = await create({ name: "broken" }).catch((reason: unknown) => reason as ServiceError);
    expect(error).toMatchObject({ details: "it does not start" });
    const [bytes] = (error as ServiceError).metadata.get("grpc-status-details-bin");
    const [detail] = Status.deserializeBinary(bytes as Buffer).getDetailsList();
    expect(detail?.getTypeUrl()).toBe("type.googleapis.com/pulumirpc.ErrorResourceInitFailed");
    const failed = proto.ErrorResourceInitFailed.deserializeBinary(detail?.getValue_asU8() ?? new Uint8Array());
    expect(failed.getId()).toBe("id-7");
    expect(failed.getReasonsList()).toEqual(["it does not start"]);
    expect(properties(failed.getProperties())).toEqual({ name: "broken" });
  });

  it("hands over nothing when nothing was made", async () => {
    const error = await create({ name: "refused" }).catch((reason: unknown) => reason as ServiceError);
    expect(error).toMatchObject({ details: "no such image" });
    expect((error as ServiceError).metadata.get("grpc-status-details-bin")).toEqual([]);
  });

  it("reads what is, as outputs and as inputs; without an id if the thing is gone", async () => {
    const read = (id: string): Promise<proto.ReadResponse> =>
      call<proto.ReadRequest, proto.ReadResponse>(
        client.read.bind(client),
        new proto.ReadRequest()
          .setUrn(urn)
          .setId(id)
          .setProperties(struct({ name: "a", size: 1 }))
          .setInputs(struct({ name: "a", size: 1 })),
      );
    const found = await read("id-1");
    expect(found.getId()).toBe("id-1");
    expect(properties(found.getProperties())).toEqual({ name: "a", size: 5 });
    expect(properties(found.getInputs())).toEqual({ name: "a", size: 5 });
    expect((await read("gone")).getId()).toBe("");
  });

  it("refuses what only the official plugin can do", async () => {
    const imported = new proto.ReadRequest().setUrn(urn).setId("id-1");
    await expect(call(client.read.bind(client), imported)).rejects.toMatchObject({
      details: "import and get() need the official plugin box 1.2.3: this stand-in reads only what it made",
    });
    const invoke = new proto.InvokeRequest().setTok("box:index/getThing:getThing");
    await expect(call(client.invoke.bind(client), invoke)).rejects.toMatchObject({
      details: "box:index/getThing:getThing needs the official plugin box 1.2.3: this stand-in has no functions",
    });
    const other = new proto.CheckRequest().setUrn("urn:pulumi:dev::p::box:index/lid:Lid::a").setNews(struct({}));
    await expect(call(client.check.bind(client), other)).rejects.toMatchObject({
      details: "box:index/lid:Lid needs the official plugin box 1.2.3: this stand-in does not know the resource",
    });
  });
});
