import { townOfRelaySeed, townOfSeed } from "../components/core/names";
import { redact } from "../components/core/redact";
import { USER } from "../components/core/user";

/** A resource as the engine is about to make it. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  /** Its inputs, secrets in plain text; one that only a deployment can tell is left out. */
  readonly props: Readonly<Record<string, unknown>>;
  /** Whether Pulumi refuses to delete it. */
  readonly protect: boolean;
}

/** What a stack's config says, and so what its reviewers have seen; nothing where the program has no such config. */
export interface Stated {
  readonly network?: string | undefined;
  readonly keep?: boolean | undefined;
  readonly towns?: Readonly<Record<string, StatedTown>> | undefined;
}

interface StatedTown {
  readonly access?: string;
  readonly transport?: string;
  readonly publish?: string;
  readonly relay?: { readonly publish?: string };
}

/** A rule about single resources. */
export interface Rule {
  readonly name: string;
  readonly description: string;
  /** What is wrong with a resource, each with what to do about it; nothing where the rule has nothing to say. */
  readonly violations: (resource: Resource, stated: Stated) => string[];
}

const CONTAINER = "docker:index/container:Container";
const IMAGE = "docker:index/remoteImage:RemoteImage";
const NETWORK = "docker:index/network:Network";
const VOLUME = "docker:index/volume:Volume";
/** What golden previews have in the place of a secret. */
const SECRET = "[secret]";
const MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade";
const BY_DIGEST = /(^|@)sha256:[0-9a-f]{64}$/;

/** The rules of the policy pack, in the order in which people read them. */
export const RULES: readonly Rule[] = [
  {
    name: "images-by-digest",
    description: "Outside development an image is named by its digest: a tag can change behind your back.",
    violations({ type, props }, { network }) {
      if (network === "local") return [];
      const remedy = "name it by digest, name@sha256:… (town-ator:images); builds are for network: local";
      if (type === IMAGE && props["build"] !== undefined) return [`is built on the Docker host: ${remedy}`];
      const image = type === IMAGE ? props["name"] : type === CONTAINER ? props["image"] : undefined;
      return typeof image !== "string" || BY_DIGEST.test(image) ? [] : [`has the image ${image}: ${remedy}`];
    },
  },
  container(
    "not-privileged",
    "No container is privileged, or shares a namespace of the host.",
    ({ privileged, ...props }) => [
      ...(privileged === true ? ["is privileged: remove `privileged`"] : []),
      ...["networkMode", "pidMode", "ipcMode", "usernsMode"]
        .filter((mode) => props[mode] === "host")
        .map((mode) => `shares a namespace with the host: remove \`${mode}: host\``),
    ],
  ),
  container("no-capabilities", "A container drops all capabilities and adds none.", ({ capabilities }) => {
    const { adds, drops } = (capabilities ?? {}) as { adds?: string[]; drops?: string[] };
    return [
      ...(drops?.some((drop) => /^(CAP_)?ALL$/.test(drop))
        ? []
        : ['keeps capabilities: set `capabilities: { drops: ["ALL"] }`']),
      ...(adds?.length ? [`adds capabilities (${adds.join(", ")}): remove \`capabilities.adds\``] : []),
    ];
  }),
  container("no-new-privileges", "No process in a container can gain privileges.", ({ securityOpts }) =>
    list(securityOpts).some((option) => /^no-new-privileges([:=]true)?$/.test(text(option)))
      ? []
      : ['lets its processes gain privileges: set `securityOpts: ["no-new-privileges:true"]`'],
  ),
  container("limited-memory", "A container has a limit of memory and does not swap.", ({ memory, memorySwap }) => [
    ...(Number(memory) > 0 ? [] : ["has no limit of memory: set `memory` (MiB)"]),
    ...(Number(memory) > 0 && memorySwap !== memory ? ["may swap: set `memorySwap` to the same as `memory`"] : []),
  ]),
  container("own-user", "A container runs as a uid that no login has.", ({ user }) =>
    user === USER ? [] : [`runs as ${user === undefined ? "the image's user" : text(user)}: set \`user: "${USER}"\``],
  ),
  container("read-only-root", "The root of a container that keeps running is read-only.", ({ readOnly, mustRun }) =>
    // The provider refuses uploads to a read-only root, and one-shots are for uploads.
    readOnly === true || mustRun === false
      ? []
      : ["has a writable root: set `readOnly: true`; put files into a volume, scratch files on `tmpfs`"],
  ),
  container("no-core-dumps", "No process writes its memory, with its keys, to the host's disk.", ({ ulimits }) =>
    list(ulimits).some((limit) => isObject(limit) && limit["name"] === "core" && limit["hard"] === 0)
      ? []
      : ['may write core dumps: set `ulimits: [{ name: "core", soft: 0, hard: 0 }]`'],
  ),
  container(
    "ports-on-loopback",
    "A port of a container is open to other machines only where its stack says so, and never on all addresses.",
    (props, stated) => [
      ...(props["publishAllPorts"] === true ? ["publishes all its ports: remove `publishAllPorts`"] : []),
      ...list(props["ports"])
        .filter(isObject)
        .filter(({ ip, external }) => {
          const isStated = `${text(ip)}:${text(external)}` === statedPort(props, stated) && ip !== "0.0.0.0";
          return !isStated && !/^(127\.|::1$)/.test(text(ip));
        })
        .map(
          ({ internal }) =>
            `opens port ${text(internal)} to other machines: give it \`ip: "127.0.0.1"\`, or state one address and port, \`publish\` of a town with \`transport: direct\` or \`relay.publish\`, in the town's settings`,
        ),
    ],
  ),
  container(
    "nothing-secret-in-the-open",
    "No environment, label, command or health check of a container holds a secret.",
    (props) =>
      inTheOpen(props)
        .filter(({ key, value }) => SECRET_NAME.test(key) || looksSecret(value))
        .map(
          ({ place, key }) =>
            `has a secret in ${place}${key && ` (${key})`}, where \`docker inspect\` shows it: put it into a file in a volume`,
        ),
  ),
  {
    name: "kept-data-is-protected",
    description: "Where a stack keeps its data, Pulumi refuses to delete identities, the ledger and the guards.",
    violations({ type, name, props, protect }, { network, keep = network !== "local" }) {
      const isKept =
        (type === VOLUME &&
          ["keys", "connector-data", "sidecar-data", "relay-data"].includes(labelsOf(props)["town-ator.role"] ?? "")) ||
        townOfSeed(name) !== undefined ||
        townOfRelaySeed(name) !== undefined;
      return isKept && keep && !protect
        ? ["could be deleted by a change of the program: set `protect: true`, or say `town-ator:keep: false`"]
        : [];
    },
  },
  {
    name: "permissionless-where-stated",
    description: "A connector that lets strangers in is one whose stack says so.",
    violations({ type, props }, { towns }) {
      if (type !== CONTAINER) return [];
      const { "town-ator.town": town, "town-ator.role": role = "" } = labelsOf(props);
      const doors = list(props["envs"]).filter((entry) => text(entry).startsWith("BTP_ALLOW_NOAUTH="));
      // A connector lets strangers in unless the variable is exactly `false`.
      const isOpen =
        doors.some((entry) => entry !== "BTP_ALLOW_NOAUTH=false") ||
        (doors.length === 0 && ["connector", "relay"].includes(role));
      if (!isOpen) return [];
      return town !== undefined && towns?.[town]?.access === "permissionless"
        ? []
        : [
            "lets in anyone with an empty token: set BTP_ALLOW_NOAUTH=false, or state `access: permissionless` in the town's settings",
          ];
    },
  },
  {
    name: "direct-where-stated",
    description: "A town's network has a way out past ATOR only where its stack says so.",
    violations({ type, props }, { towns }) {
      const { "town-ator.town": town, "town-ator.role": role } = labelsOf(props);
      if (type !== NETWORK || town === undefined || props["internal"] === true) return [];
      const stated = towns?.[town];
      // The network through which a published relay answers has no masquerading.
      const answersOnly = (props["options"] as Props | undefined)?.[MASQUERADE] === "false";
      if (role === "relay-clients" && answersOnly && stated?.relay?.publish !== undefined) return [];
      return stated?.transport === "direct"
        ? []
        : ["gives a town a way out past ATOR: say `transport: direct` in the town's settings, or set `internal: true`"];
    },
  },
];

/** What a stack's config file says, as far as the rules ask. `config` is what stands under `config:`. */
export function statedBy(config: Readonly<Record<string, unknown>>): Stated {
  const { "town-ator:network": network = "local", "town-ator:keep": keep, "town-ator:towns": towns } = config;
  return {
    network: text(network),
    ...(keep === undefined ? {} : { keep: text(keep) === "true" }),
    ...(isObject(towns) ? { towns: towns as Stated["towns"] } : {}),
  };
}

type Props = Readonly<Record<string, unknown>>;

function container(name: string, description: string, check: (props: Props, stated: Stated) => string[]): Rule {
  return {
    name,
    description,
    violations: ({ type, props }, stated) => (type === CONTAINER ? check(props, stated) : []),
  };
}

/** Where a container may be reached from other machines, `<address>:<port>`, as its stack says. */
function statedPort(props: Props, { towns }: Stated): string | undefined {
  const { "town-ator.town": name = "", "town-ator.role": role } = labelsOf(props);
  const town = towns?.[name];
  if (role === "relay") return town?.relay?.publish;
  return role === "connector" && town?.transport === "direct" ? town.publish : undefined;
}

function isObject(value: unknown): value is Props {
  return typeof value === "object" && value !== null;
}

/** A list's items; a list that is secret as a whole is one item in a golden preview. */
function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === SECRET ? [SECRET] : [];
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

function labelsOf(props: Props): Record<string, string> {
  return Object.fromEntries(
    list(props["labels"]).flatMap((entry) => (isObject(entry) ? [[text(entry["label"]), text(entry["value"])]] : [])),
  );
}

/** Names under which people keep secrets. A name that ends in FILE says where one is. */
const SECRET_NAME = /(secret|token|passw(or)?d|passphrase|api_?key|private_?key)(?!.*file)/i;

/** Everything that `docker inspect` shows: a key, where there is one, and a value that is not empty. */
function inTheOpen(props: Props): { place: string; key: string; value: string }[] {
  const { command, entrypoints, healthcheck } = props;
  const tests = isObject(healthcheck) ? healthcheck["tests"] : healthcheck;
  const words = Object.entries({ command, entrypoints, "health check": tests }).flatMap(([place, said]) =>
    list(said).map((word) => ({ place: `its ${place}`, key: "", value: text(word) })),
  );
  const envs = list(props["envs"]).map((entry) => {
    const [, key = "", value = text(entry)] = /^([^=]*)=(.*)$/s.exec(text(entry)) ?? [];
    return { place: "its environment", key, value };
  });
  const labels = Object.entries(labelsOf(props)).map(([key, value]) => ({ place: "a label", key, value }));
  return [...words, ...envs, ...labels].filter(({ value }) => value !== "");
}

/** An address, an invite, a key, or a text as random as the secrets that Pulumi makes. */
function looksSecret(value: string): boolean {
  return (
    redact(value) !== value ||
    value === SECRET ||
    /ator-invite-\d|AGE-SECRET-KEY-|PRIVATE KEY-----|ed25519v1-secret/.test(value) ||
    (value.match(/[\w+-]{32,}/g) ?? []).some((run) => /\d/.test(run) && /[a-z]/.test(run) && /[A-Z]/.test(run))
  );
}
