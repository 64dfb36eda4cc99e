import { weigh } from "../host/pool/index.ts";
import type { Quotas } from "../host/quota/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import type { PoolUse } from "../spec/pool.ts";
import { baseOf } from "./root.ts";

/** Milliseconds for weighing all containers of a pool that nobody counts in. */
const PATIENCE = 10_000;

/** What each container has in a pool: as the file system counts, else by weighing its files, else not known. */
export async function poolUse(
  containers: readonly ContainerRecord[],
  data: (uuid: string) => string,
  quotas: Quotas,
): Promise<PoolUse[]> {
  const until = performance.now() + PATIENCE;
  const use: PoolUse[] = [];
  for (const r of containers) {
    const at = data(r.uuid);
    const quota = quotas.missing(at) === null ? quotas.read(at, baseOf(r)) : null;
    const limits = { spaceLimit: quota?.space ?? null, filesLimit: quota?.inodes ?? null };
    const left = until - performance.now();
    // Where counting has not begun it says that there is nothing, though every container has two directories.
    const weighed = quota?.heldSpace ? null : left > 0 ? await weigh(at, left) : null;
    const space = quota?.heldSpace || weighed?.space || null;
    const files = quota?.heldInodes || weighed?.files || null;
    use.push({ container: r.name, space, files, ...limits });
  }
  return use.sort((a, b) => (b.space ?? 0) - (a.space ?? 0));
}
