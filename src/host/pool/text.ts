import type { PoolFormat } from "../../spec/pool.ts";

/** Command that makes a file system; `quota`: with project quota where that is part of the format (mkfs.ext4(8)). */
export function makeCommand(
  format: PoolFormat,
  at: string,
  o: { id: string; quota: boolean },
): readonly string[] {
  switch (format) {
    case "xfs":
      return ["mkfs.xfs", "-q", "-f", "-m", `uuid=${o.id}`, at];
    case "btrfs":
      return ["mkfs.btrfs", "-q", "-f", "-U", o.id, at];
    case "ext4":
      // Nothing is kept back for root: the containers' writes are counted as root's by overlay, so it would help nobody.
      return [
        "mkfs.ext4",
        "-q",
        "-F",
        "-m",
        "0",
        "-U",
        o.id,
        ...(o.quota ? ["-O", "quota,project"] : []),
        at,
      ];
  }
}

/**
 * Options of mount(8). Set-uid files of guests mean nothing on the host; that they do in the guest is overlay's own
 * mount's to say. `sparse`: blocks that are free again go back to the file.
 */
export function mountOptions(format: PoolFormat, o: { quota: boolean; sparse: boolean }): string {
  const discard = format === "btrfs" ? "discard=async" : "discard";
  return [
    "nosuid",
    "nodev",
    ...(o.quota && format !== "btrfs" ? ["prjquota"] : []),
    ...(o.sparse ? [discard] : []),
  ].join(",");
}

/** Command that makes a mounted file system as large as its device. */
export function growCommand(format: PoolFormat, path: string, device: string): readonly string[] {
  switch (format) {
    case "xfs":
      return ["xfs_growfs", path];
    case "btrfs":
      return ["btrfs", "filesystem", "resize", "max", path];
    case "ext4":
      return ["resize2fs", device];
  }
}

/** What wipefs(8) found on a device: `TYPE` a line. */
export const signaturesIn = (text: string): string[] => [
  ...new Set(
    text
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean),
  ),
];

/** The source of what was mounted last on a directory, of /proc/self/mountinfo (proc_pid_mountinfo(5)); `null` for none. */
export function sourceAt(mountinfo: string, at: string): string | null {
  const lines = mountinfo.split("\n").filter((line) => line.split(" ")[4] === at);
  return lines.at(-1)?.split(" - ")[1]?.split(" ")[1] ?? null;
}
