import type Docker from "dockerode";
import { USER } from "../../components/core/user";

const MEBIBYTE = 1024 * 1024;

/**
 * What our tools' own containers have in common, hardened as the stack's are (components/docker/container.ts): they
 * remove themselves when they end.
 */
export function hardened(memoryMiB: number, host: Docker.HostConfig): Docker.ContainerCreateOptions {
  const memory = memoryMiB * MEBIBYTE;
  return {
    User: USER,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      AutoRemove: true,
      Init: true,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: 64,
      Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "1" } },
      ...host,
    },
  };
}
