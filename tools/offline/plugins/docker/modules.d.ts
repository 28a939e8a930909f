// Types of three libraries that come with dockerode and bring none of their own: only what the plugin uses.
declare module "tar-stream" {
  import type { Readable } from "node:stream";

  interface Header {
    name: string;
    mode?: number;
    uid?: number;
    gid?: number;
    mtime?: Date;
  }
  interface Pack extends Readable {
    entry(header: Header, content: Buffer): void;
    finalize(): void;
  }
  const tarStream: { pack(): Pack };
  export default tarStream;
}

declare module "tar-fs" {
  import type { Readable } from "node:stream";

  interface Header {
    name: string;
    uid?: number;
    gid?: number;
  }
  const tarFs: { pack(folder: string, options: { entries: string[]; map: (header: Header) => Header }): Readable };
  export default tarFs;
}

declare module "@balena/dockerignore" {
  interface Rules {
    add(rules: string | string[]): Rules;
    createFilter(): (path: string) => boolean;
  }
  export default function dockerIgnore(options: { ignorecase: boolean }): Rules;
}
