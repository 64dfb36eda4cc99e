/** Space and files on the disk that holds the containers. */
import { bytes, count } from "../codec.ts";
import type { LevelRow, LevelWay } from "../level.ts";
import { ubcCount, ubcKilobytes } from "../ubc.ts";
import { bothDialects, figure, limitV2 } from "./figures.ts";

/** Project quota counts space in blocks of this size. */
const BLOCK = 1024;

const way = (key: string, file: "space" | "inodes", slack: number): LevelWay => ({
  settings: [{ ...limitV2(key, "quota", file), slack }],
  limit: figure("quota", file),
  held: figure("quota", `${file}.held`),
});

/** Rows of the table. */
export const DISK_ROWS = [
  {
    key: "disk.space",
    group: "disk",
    title: "Disk space",
    help: "most bytes the container's own files may take, the image it stands on not counted; a write above it fails with EDQUOT",
    codec: bytes,
    default: "unlimited",
    range: { min: 1024 ** 2, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcKilobytes("diskspace"),
    promise: { resource: "disk", as: "limit" },
    ways: bothDialects(way("disk.space", "space", BLOCK)),
  },
  {
    key: "disk.inodes",
    group: "disk",
    title: "Files",
    help: "most files and directories of the container's own; making one more fails with EDQUOT",
    codec: count,
    default: "unlimited",
    range: { min: 16, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcCount("diskinodes"),
    ways: bothDialects(way("disk.inodes", "inodes", 0)),
  },
] as const satisfies readonly LevelRow[];
