/** What unsquashfs says, and what it means (squashfs-tools 4.5 and 4.6). Pure. */
import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";

const MAGIC = [0x68, 0x73, 0x71, 0x73];

/** Whether what begins with `head` is a squashfs file system. */
export const isSquashfs = (head: Uint8Array): boolean => MAGIC.every((byte, i) => head[i] === byte);

const broken = (line: string): WarrenError =>
  new WarrenError("BAD_VALUE", `the squashfs is broken: ${line}`, "fetch it again");

/** `null` is no fault, "device" a node that was left out, "attribute" one that nobody but the host's root may set. */
export type SquashfsMeaning = WarrenError | "device" | "attribute" | null;

const MEANINGS: readonly [RegExp, (line: string) => SquashfsMeaning][] = [
  [/failed to create (?:character|block) device .* because Operation not permitted/, () => "device"],
  [/failed to write xattr (?!user\.|security\.capability)\S+ for file /, () => "attribute"],
  [
    /failed to change uid and gids? on/,
    (line) =>
      new WarrenError(
        "BAD_VALUE",
        `the squashfs has files of ids beyond 65535: ${line}`,
        "make it with ids from 0 on, as seen in the container",
      ),
  ],
  [
    /File too large/,
    (line) =>
      new WarrenError(
        "HOSTILE",
        `the squashfs unpacks to more than there is room for: ${line}`,
        "do not use it",
      ),
  ],
  [
    /No space left on device|Disk quota exceeded/,
    () => new WarrenError("FAILED", "the disk is full", "make room and try again"),
  ],
  [
    /uses (\S+) compression, this is unsupported/i,
    (line) => new WarrenError("UNSUPPORTED", line, "choose another image, or a tar archive of it"),
  ],
  [/uncompress failed|Read on filesystem failed|Lseek failed|superblock|corrupt|failed to read/i, broken],
];

/** A line of its standard error; one that is not known counts as a fault. */
export function squashfsMeaning(raw: string): SquashfsMeaning {
  const line = printable(raw.trim());
  if (line === "") return null;
  const known = MEANINGS.find(([pattern]) => pattern.test(raw));
  return known
    ? known[1](line)
    : new WarrenError("FAILED", `the squashfs could not be unpacked: ${line}`, "see the daemon's log");
}
