import type Docker from "dockerode";
import { outputsOf, type Resource } from "../shared/provider";
import type { Field, ResourceType } from "../shared/schema";
import type { Properties } from "../shared/values";
import { daemonMessage } from "./errors";
import { findImage, inspectImage, progress, repoDigest } from "./image";
import { packContext } from "./tar";

/** How many lines of a failed build's output the error shows. */
const LINES_SHOWN = 20;

const replaced = (kind: Field["kind"], more: Partial<Field> = {}): Field => ({ kind, change: "replace", ...more });

/** docker:index/remoteImage:RemoteImage. Only `triggers` notices that the files of a build have changed. */
export const remoteImageType: ResourceType = {
  token: "docker:index/remoteImage:RemoteImage",
  inputs: {
    name: replaced("string", { required: true }),
    platform: replaced("string", { default: "" }),
    pullTriggers: replaced("stringSet"),
    triggers: replaced("map"),
    keepLocally: { kind: "boolean", change: "update" },
    forceRemove: { kind: "boolean", change: "update" },
    build: replaced("object", {
      fields: {
        context: replaced("string", { required: true }),
        dockerfile: replaced("string", { default: "Dockerfile" }),
        buildArgs: replaced("map"),
        labels: replaced("map"),
        platform: replaced("string"),
        target: replaced("string"),
        noCache: replaced("boolean"),
        tags: replaced("strings"),
        builder: replaced("string", { unsupported: true, default: "" }),
        remove: { kind: "boolean", change: "update", unsupported: true, default: true },
        useLegacyBuilder: replaced("boolean", { default: false }),
      },
    }),
  },
  outputs: ["imageId", "repoDigest"],
  defaultsInInputs: true,
  autoNamed: false,
  deleteBeforeReplace: "never",
};

interface ImageInputs {
  readonly name: string;
  readonly platform: string;
  readonly keepLocally?: boolean;
  readonly forceRemove?: boolean;
  readonly build?: {
    readonly context: string;
    readonly dockerfile: string;
    readonly buildArgs?: Record<string, string>;
    readonly labels?: Record<string, string>;
    readonly platform?: string;
    readonly target?: string;
    readonly noCache?: boolean;
    readonly tags?: string[];
  };
}

/** docker:index/remoteImage:RemoteImage, on the daemon that `docker` gives: builds it, or finds it, or pulls it. */
export function remoteImageResource(docker: () => Docker): Resource {
  const find = async (inputs: ImageInputs): Promise<Docker.ImageInspectInfo> => {
    try {
      return await findImage(docker(), inputs.name, inputs.platform);
    } catch (error) {
      throw new Error(`Unable to read Docker image into resource: ${daemonMessage(error)}`, { cause: error });
    }
  };
  const state = (olds: Properties, image: Docker.ImageInspectInfo): Properties => ({
    ...olds,
    imageId: image.Id,
    repoDigest: repoDigest(typed(olds).name, image.RepoDigests),
  });

  return {
    type: remoteImageType,

    async create(properties) {
      const outputs = outputsOf(remoteImageType.inputs, properties);
      const inputs = typed(outputs);
      if (inputs.build) await build(docker(), inputs.name, inputs.build);
      const image = await find(inputs);
      return { id: image.Id + inputs.name, outputs: state(outputs, image) };
    },

    async read(_id, olds) {
      const image = await inspectImage(docker(), typed(olds).name);
      return image && state(olds, image);
    },

    async update(_id, _olds, news) {
      await find(typed(news));
    },

    async delete(_id, properties) {
      const inputs = typed(properties);
      if (inputs.keepLocally || (await inspectImage(docker(), inputs.name)) === undefined) return;
      try {
        await docker()
          .getImage(inputs.name)
          .remove({ force: inputs.forceRemove ?? false });
      } catch (error) {
        throw new Error(`Unable to remove Docker image: ${daemonMessage(error)}`, { cause: error });
      }
    },
  };
}

/** Builds with the Engine's own builder. The context's path is relative to the program's folder, where the engine starts the plugin. */
async function build(docker: Docker, name: string, options: NonNullable<ImageInputs["build"]>): Promise<void> {
  const lines: string[] = [];
  try {
    const context = await packContext(options.context, options.dockerfile);
    const stream = await docker.buildImage(context, {
      t: name,
      dockerfile: options.dockerfile,
      rm: true,
      ...(options.buildArgs && { buildargs: options.buildArgs }),
      ...(options.labels && { labels: options.labels }),
      ...(options.platform !== undefined && { platform: options.platform }),
      ...(options.target !== undefined && { target: options.target }),
      ...(options.noCache !== undefined && { nocache: options.noCache }),
    });
    await progress(docker, stream, (line) => lines.push(line));
    for (const tag of options.tags ?? []) {
      const { repo, tag: version } = splitTag(tag);
      await docker.getImage(name).tag({ repo, tag: version });
    }
  } catch (error) {
    const output = lines.slice(-LINES_SHOWN).join("\n");
    const reason = `Error running legacy build: unable to build image ${name}: ${daemonMessage(error)}`;
    throw new Error(`${reason}\n\n${output}`.trimEnd(), { cause: error });
  }
}

function splitTag(tag: string): { repo: string; tag: string } {
  const [, repo = tag, version = "latest"] = /^(.*):([^:/]*)$/.exec(tag) ?? [];
  return { repo, tag: version };
}

function typed(properties: Properties): ImageInputs {
  return properties as unknown as ImageInputs;
}
