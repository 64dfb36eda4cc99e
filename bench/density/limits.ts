/** Limits of the kernel's that many containers run into on a host as it was installed; `warren host check` tells of them. */
import { readFileSync, writeFileSync } from "node:fs";

/** What 300 systems take: inotify instances are counted for root, who made all user namespaces (inotify(7)). */
const NEEDED = { "fs/inotify/max_user_instances": 8192, "fs/inotify/max_user_watches": 524_288 };

/** Raises them where they are lower; what it answers puts them back. */
export function raiseLimits(): () => void {
  const before = Object.entries(NEEDED).flatMap(([name, needed]) => {
    const path = `/proc/sys/${name}`;
    const had = readFileSync(path, "utf8").trim();
    if (Number(had) >= needed) return [];
    writeFileSync(path, String(needed));
    return [{ path, had }];
  });
  return () => {
    for (const { path, had } of before) writeFileSync(path, had);
  };
}
