/**
 * User namespaces that shift ids, for idmapped mounts.
 *
 * What must never happen here: a range that is not the container's own.
 */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { startHelper } from "../exec/helper.ts";
import { idMap } from "./text.ts";

/** A user namespace, held open by a descriptor. */
export interface IdShift {
  fd: number;
  close(): void;
}

/**
 * Makes a user namespace in which the ids 0..65 535 are the host's `base`.. ; the namespace lives as long as a mount
 * or the descriptor uses it. Takes about 3 ms, the time of one process. Source: user_namespaces(7).
 */
export async function shiftTo(base: number): Promise<IdShift> {
  const helper = await startHelper(["unshare", "--user", "cat"]);
  try {
    const map = idMap(base);
    writeFileSync(`/proc/${helper.pid}/uid_map`, map);
    writeFileSync(`/proc/${helper.pid}/gid_map`, map);
    const fd = openSync(`/proc/${helper.pid}/ns/user`, "r");
    return { fd, close: () => closeSync(fd) };
  } finally {
    void helper.end();
  }
}
