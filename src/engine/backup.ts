import { type ArchiveReader, readArchive } from "../host/backup/index.ts";
import { readManifest } from "../plan/backup.ts";
import type { ExportManifest, ExportRequest, ImportRequest } from "../spec/backup.ts";
import { WarrenError } from "../spec/errors.ts";
import { containerName } from "../spec/name.ts";
import type { OperationRecord } from "../spec/operation.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import { exportContainer } from "./backup-export.ts";
import { importChanges, importWhole } from "./backup-import.ts";
import { expect } from "./backup-receive.ts";
import { type Context, lockOf, record } from "./context.ts";

/** Containers to files and back. */
export interface Backups {
  /** `from` is a container or `NAME/SNAPSHOT`. */
  export(from: string, o: ExportRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** Resolves once the export's description was read. Its result is `Imported`. Throws BAD_VALUE, EXISTS, NO_CONTAINER, NO_POOL. */
  import(o: ImportRequest & { body: ReadableStream<Uint8Array> }): Promise<OperationRecord>;
}

/** Most bytes of a manifest. */
const MANIFEST_MOST = 16 << 20;

export function createBackups(c: Context): Backups {
  function requireTarget({ base, of }: ExportManifest, name: string, pool: string | undefined): void {
    if (base) {
      const at = record(c.store, name).pool ?? DEFAULT_POOL;
      if (pool !== undefined && pool !== at)
        throw new WarrenError(
          "REFUSED",
          `${name} is in the pool "${at}", and the export of ${of} tells only what changed`,
          `import it there, and move it then: warren move ${name} --pool ${pool}`,
        );
      return;
    }
    c.pools.require(c.pools.choose(pool));
    if (c.store.containers.get(name))
      throw new WarrenError(
        "EXISTS",
        `container "${name}" exists already`,
        `import ${of} under another name, or delete it first`,
      );
  }

  function submit(reader: ArchiveReader, manifest: ExportManifest, o: ImportRequest, stop: AbortController) {
    const name = containerName(o.name ?? manifest.stages.at(-1)!.container.name);
    requireTarget(manifest, name, o.pool);
    return c.operations.submit({
      kind: "container.import",
      targets: [name],
      locks: [lockOf(name)],
      async run(work) {
        work.signal.addEventListener("abort", () => stop.abort(), { once: true });
        try {
          requireTarget(manifest, name, o.pool);
          const bring = manifest.base ? importChanges : importWhole;
          return await bring(c, reader, manifest, { ...o, name }, work);
        } finally {
          reader.close();
        }
      },
    });
  }

  return {
    export: (from, o, signal) => exportContainer(c, from, o, signal),
    async import({ body, ...o }) {
      const stop = new AbortController();
      const reader = await readArchive(body, stop.signal);
      try {
        const first = await expect(reader, "manifest.json");
        return submit(reader, readManifest(await reader.text(first, MANIFEST_MOST)), o, stop);
      } catch (error) {
        reader.close();
        throw error;
      }
    },
  };
}
