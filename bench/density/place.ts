/** A file system of its own for each side: what it takes of disk and page cache is then that side's alone. */
import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { command } from "../command.ts";

/** Nominal size; the file has holes, and takes what is written. */
const SIZE = "48G";
/** Bytes of disk and of memory that stay free for everybody else. */
const RESERVE = 4 * 2 ** 30;
/** What the unmounted file system may wait for: processes that are about to end. */
const PATIENCE = 20_000;

export interface Place {
  at: string;
  /** Bytes in use, everything on disk that is to be; what the file system set aside for its own tables at its making isn't counted. */
  used(): number;
  /** Throws when the host would be left without room for others. */
  check(): void;
  close(): Promise<void>;
}

/** Makes and mounts a file system in the file `dir`/disk. */
export function place(dir: string, type: "ext4" | "btrfs", log: string): Place {
  const [file, at] = [`${dir}/disk`, `${dir}/at`];
  mkdirSync(at, { recursive: true });
  command(["truncate", "-s", SIZE, file], log);
  command([`mkfs.${type}`, "-q", file], log);
  const device = loop(file, log);
  try {
    command(["mount", "-t", type, device, at], log);
  } catch (error) {
    command(["losetup", "--detach", device], log);
    throw error;
  }
  command(["chmod", "0711", dir, at], log);
  return {
    at,
    used() {
      command(["sync", "--file-system", at], log);
      const { bsize, blocks, bfree } = statfsSync(at);
      return (blocks - bfree) * bsize;
    },
    check() {
      const { bsize, bavail } = statfsSync(dir);
      if (bavail * bsize < RESERVE) throw new Error(`less than ${RESERVE} bytes of disk are left`);
      if (freemem() < RESERVE) throw new Error(`less than ${RESERVE} bytes of memory are left`);
    },
    async close() {
      const until = Date.now() + PATIENCE;
      for (;;) {
        try {
          command(["umount", at], log);
          break;
        } catch (error) {
          if (Date.now() > until) throw error;
          await Bun.sleep(500);
        }
      }
      command(["losetup", "--detach", device], log);
      rmSync(dir, { recursive: true });
    },
  };
}

/** Without a page cache of its own below that of the file system on it. */
function loop(file: string, log: string): string {
  command(["losetup", "--find", "--show", "--direct-io=on", file], log);
  const { stdout } = Bun.spawnSync(["losetup", "--noheadings", "--output", "NAME", "--associated", file]);
  return stdout.toString().trim();
}
