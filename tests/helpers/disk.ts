/** A file system in a file, mounted for a test. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const succeeds = (...cmd: string[]): boolean =>
  Bun.spawnSync({ cmd, env: { PATH }, timeout: 60_000, stdio: ["ignore", "ignore", "ignore"] }).success;

export interface Disk extends Disposable {
  /** Where it is mounted; anybody may pass. */
  at: string;
}

/** Makes and mounts one, `size` as truncate(1) has it, its file sparse; xfs with project quota. Throws when this host can't. */
export function testDisk(type: "btrfs" | "xfs", { size = "400M", beneath = tmpdir() } = {}): Disk {
  const dir = mkdtempSync(join(beneath, "warren-disk-"));
  const [file, at] = [join(dir, "file"), join(dir, "mnt")];
  chmodSync(dir, 0o711);
  const options = type === "xfs" ? "loop,prjquota" : "loop";
  const made =
    succeeds("truncate", "-s", size, file) &&
    succeeds(`mkfs.${type}`, "-q", file) &&
    succeeds("mkdir", at) &&
    succeeds("mount", "-t", type, "-o", options, file, at);
  const dispose = (): void => {
    if (made && !succeeds("umount", at)) throw new Error(`${at} can't be unmounted`);
    rmSync(dir, { recursive: true, force: true });
  };
  if (made) return { at, [Symbol.dispose]: dispose };
  dispose();
  throw new Error(`${type} can't be mounted with ${options}`);
}

/** What `work` answers of a disk; `null` when this host can't have one. */
export function withDisk<T>(type: "btrfs" | "xfs", work: (at: string) => T): T | null {
  try {
    using disk = testDisk(type);
    return work(disk.at);
  } catch {
    return null;
  }
}
