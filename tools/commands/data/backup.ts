import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { interruptible } from "../../console/interrupted";
import { askPassphrase } from "../../console/passphrase";
import { DATA_PATHS, noteBackup } from "../../docker/lastBackup";
import { encryption, lockOf } from "../identity/ageFile";
import { newBackupPath, writeNew } from "../operatorFile";
import type { Options } from "../options";
import { backupOf, Files, type DataArchive } from "./dataFile";
import { openTownData, whileAllStopped } from "./townData";

/**
 * Writes a town's data, those of its connector and of its own relay, into an age-encrypted file. Both are stopped while
 * the data are read, so that they are of one moment, and started again however that ends. The data go from the Docker
 * host into the encryption, and touch no disk in between. Throws a UserError, with no file written, if the file exists
 * or something fails.
 */
export async function backup(
  options: Pick<Options, "stack" | "town" | "file" | "recipient">,
  { open = openTownData, passphrase = askPassphrase, encrypt = encryption } = {},
): Promise<void> {
  const file = await newBackupPath(options.file);
  const opened = await open(options);
  const { docker, containers, stack, town, nodeId, say } = opened;
  // Before anything is stopped: the key of a passphrase takes seconds.
  const sealed = await encrypt(await lockOf(options, passphrase));
  const unnoted: string[] = [];
  const { result: archives, downtimes } = await interruptible((signal) =>
    whileAllStopped(opened, containers, signal, async () => {
      const made = new Date();
      const archives: (DataArchive & { readonly archive: Readable })[] = [];
      try {
        for (const { keeper, name } of containers) {
          const archive = (await docker.getContainer(name).getArchive({ path: DATA_PATHS[keeper] })) as Readable;
          archives.push({ keeper, archive, files: new Files() });
        }
        const card = { stack, town, nodeId, made: made.toISOString() };
        const packed = pipeline(backupOf(card, archives), sealed, { signal });
        packed.catch(() => undefined); // writeNew rejects with the same error
        await writeNew(file, sealed);
        await packed;
      } finally {
        // As long as it reads, Docker does not start the container.
        for (const { archive } of archives) archive.destroy();
      }
      for (const { keeper, name } of containers)
        try {
          await noteBackup(docker, name, keeper, made);
        } catch (error) {
          unnoted.push(
            `the backup is whole, but the data of the ${keeper} cannot take a note of it, so \`make status\` will not know of it: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      return archives;
    }),
  );
  say(
    `${file} holds, encrypted, the data of ${town} in the stack ${stack}: ${archives.map(({ files }) => files.described()).join("; of its relay: ")}`,
  );
  [...unnoted, ...downtimes].forEach(say);
  say("keep it away from this machine; only what you have just given opens it");
}
