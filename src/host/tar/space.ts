import { statfs } from "node:fs/promises";
import { WarrenError } from "../../spec/errors.ts";

const LOOK_EVERY = 100;

/** Looks at the free space while an archive unpacks; nothing of an archive says truly how large it gets. */
export function watchSpace(path: string, reserve: number, stop: (why: WarrenError) => void): NodeJS.Timeout {
  return setInterval(async () => {
    const { bavail, bsize, files, ffree } = await statfs(path);
    const free = bavail * bsize;
    if (free < reserve)
      stop(
        new WarrenError(
          "HOSTILE",
          `the archive unpacks to more than the disk has room for (${reserve} bytes are kept free)`,
          "make room, or do not use it",
        ),
      );
    // Some file systems (btrfs) have no fixed number of inodes and say 0.
    else if (files > 0 && ffree < files / 50)
      stop(
        new WarrenError("HOSTILE", "the archive has more files than the disk has room for", "do not use it"),
      );
  }, LOOK_EVERY);
}
