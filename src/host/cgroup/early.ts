import { writeFile } from "node:fs/promises";
import { readText } from "./files.ts";
import { type CgroupMount, groupIn } from "./text.ts";

/**
 * Makes the function that begins the kernel's wait before a move of processes; `controller` is empty for v2.
 *
 * Whoever writes to a process list waits for a grace period (RCU; 4 to 20 ms) in which every fork and exec of the
 * system has been seen, unless one was waited for just before (kernel/rcu/sync.c). LXC does so in each start and
 * attach. Writing ourselves into the group in which we are moves nothing and begins the wait at once, on another
 * thread, while everything else is made ready. One at a time: they hold the same lock.
 */
export function earlyMove(mount: CgroupMount, controller: string, proc: string): () => void {
  let under = false;
  return () => {
    if (under) return;
    // Asked each time: in a group that is no longer ours the write would move us.
    const group = groupIn(readText(`${proc}/self/cgroup`) ?? "", controller, mount.top);
    if (group === null) return;
    under = true;
    const file = `${mount.path}/${group === "" ? "" : `${group}/`}cgroup.procs`;
    // One call from opening to closing: it runs on its thread while this one is busy. `r+` creates nothing.
    writeFile(Buffer.from(file, "latin1"), String(process.pid), { flag: "r+" })
      // Nothing depends on it; a v2 group with controllers for its children may refuse.
      .catch(() => undefined)
      .finally(() => {
        under = false;
      });
  };
}
