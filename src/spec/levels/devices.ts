/** Devices of the host. */

import { deviceList } from "../codec.ts";
import type { LevelRow, LevelWay } from "../level.ts";
import { bothDialects, figure } from "./figures.ts";

const text = ([names = ""]: readonly string[]): string => names;

const way: LevelWay = {
  settings: [
    {
      controller: "device-nodes",
      file: "allow",
      of: ["devices"],
      text: ({ devices }) => String(devices ?? ""),
      extent: (names) => names,
    },
  ],
  limit: figure("device-nodes", "allow", text),
};

/** Rows of the table. */
export const DEVICE_ROWS = [
  {
    key: "devices",
    group: "devices",
    title: "Devices",
    help: "devices of the host that the container may read and write beside null, zero, full, random, urandom, tty, fuse and net/tun; names below /dev; a disk given away is a disk without any other protection",
    codec: deviceList,
    default: "none",
    fresh: "",
    range: { unlimited: false },
    live: false,
    enforcement: "kernel",
    ways: bothDialects(way),
  },
] as const satisfies readonly LevelRow[];
