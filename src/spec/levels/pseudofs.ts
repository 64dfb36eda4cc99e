/** Terminals and shared memory: file systems that the host mounts for the guest. */
import { bytes, count } from "../codec.ts";
import type { LevelRow, LevelWay, Setting } from "../level.ts";
import { ubcCount, ubcPages } from "../ubc.ts";
import { amount, bothDialects, extent, figure } from "./figures.ts";

/** Sizes of tmpfs count in pages. */
const PAGE = 4096;
/** The kernel's own ceiling for one devpts, NR_UNIX98_PTY_MAX. */
const MOST_PTYS = 1_048_576;

const setting = (file: string, key: string, text: Setting["text"]): Setting => ({
  controller: "pseudofs",
  file,
  of: [key],
  text,
  extent,
});

/** By the mount option `max` of its devpts. */
const terminals: LevelWay = {
  settings: [setting("pts", "pty.limit", (levels) => String(amount(levels, "pty.limit") ?? MOST_PTYS))],
  limit: figure("pseudofs", "pts"),
  held: figure("pseudofs", "pts.held"),
};

/** By the mount option `size` of its tmpfs. */
const memory: LevelWay = {
  settings: [
    setting("shm", "shm.size", (levels, host) => {
      const size = amount(levels, "shm.size") ?? host.memory;
      return String(Math.ceil(size / PAGE) * PAGE);
    }),
  ],
  limit: figure("pseudofs", "shm"),
  held: figure("pseudofs", "shm.held"),
};

/** Rows of the table. */
export const PSEUDOFS_ROWS = [
  {
    key: "pty.limit",
    group: "kernel objects",
    title: "Terminals",
    help: "most pseudo terminals open at one time in the /dev/pts the container is given; opening one more fails with ENOSPC",
    codec: count,
    // Every screen, ssh and exec -t of a busy server. Mounts of the host's may use the 1024 terminals it keeps back
    // (kernel.pty.reserve) when guests that mount their own have taken all others: enough for eight greedy ones.
    default: "128",
    fresh: MOST_PTYS,
    range: { min: 1, max: MOST_PTYS, unlimited: false },
    live: true,
    enforcement: "kernel",
    alias: ubcCount("numpty"),
    ways: bothDialects(terminals),
  },
  {
    key: "shm.size",
    group: "memory",
    title: "Shared memory",
    help: "size of /dev/shm, where POSIX shared memory is; what is in it counts as memory of the container",
    codec: bytes,
    // The kernel's own default for a tmpfs; memory.limit bounds it as well.
    default: "50%",
    range: { min: PAGE, unlimited: false },
    live: true,
    enforcement: "kernel",
    alias: ubcPages("shmpages"),
    whole: (host) => host.memory,
    ways: bothDialects(memory),
  },
] as const satisfies readonly LevelRow[];
