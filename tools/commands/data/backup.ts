import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PATHS } from "../../../components/core/ports";
import { interruptible } from "../../console/interrupted";
import { askPassphrase } from "../../console/passphrase";
import { noteBackup } from "../../docker/lastBackup";
import { whileStopped } from "../../docker/whileStopped";
import { encryption, lockOf } from "../identity/ageFile";
import { newBackupPath, writeNew } from "../operatorFile";
import type { Options } from "../options";
import { backupOf, Files } from "./dataFile";
import { downtime, openTownData } from "./townData";

/**
 * Writes a connector's data into an age-encrypted file. The connector is stopped while its data are read, so that they
 * are of one moment, and started again however that ends. The data go from the Docker host into the encryption, and
 * touch no disk in between. Throws a UserError, with no file written, if the file exists or something fails.
 */
export async function backup(
  options: Pick<Options, "stack" | "town" | "file" | "recipient">,
  { open = openTownData, passphrase = askPassphrase, encrypt = encryption } = {},
): Promise<void> {
  const file = await newBackupPath(options.file);
  const { docker, connector, stack, town, nodeId, say } = await open(options);
  // Before the connector is stopped: the key of a passphrase takes seconds.
  const sealed = await encrypt(await lockOf(options, passphrase));
  const container = docker.getContainer(connector);
  const { result: files, downMs } = await interruptible((signal) =>
    whileStopped(container, signal, async () => {
      const [made, held] = [new Date(), new Files()];
      const data = (await container.getArchive({ path: PATHS.connectorData })) as Readable;
      const card = { stack, town, nodeId, made: made.toISOString() };
      const packed = pipeline(backupOf(card, data, held), sealed, { signal });
      packed.catch(() => undefined); // writeNew rejects with the same error
      try {
        await writeNew(file, sealed);
        await packed;
      } finally {
        // As long as it reads, Docker does not start the container.
        data.destroy();
      }
      await noteBackup(docker, connector, made);
      return held;
    }),
  );
  say(`${file} holds, encrypted, the data of ${town}: ${files.described()}`);
  say(downtime(connector, downMs));
  say("keep it away from this machine; only what you have just given opens it");
}
