/** System V objects: the sysctls of the guest's IPC namespace. */
import { bytes, count } from "../codec.ts";
import type { LevelRow, LevelWay, Setting } from "../level.ts";
import { amount, bothDialects, extent, figure } from "./figures.ts";

/** kernel.shmall counts in pages. */
const PAGE = 4096;
/** IPCMNI, the kernel's own ceiling for ids of one kind, which a new namespace begins with. */
const MOST = 32_768;
const USUAL = 32_000;

const way = (key: string, file: string, text: Setting["text"]): LevelWay => ({
  settings: [{ controller: "ipc", file, of: [key], text, extent }],
  limit: figure("ipc", file),
  held: figure("ipc", `${file}.held`),
});
const counted = (key: string, file: string): LevelWay =>
  way(key, file, (levels) => String(amount(levels, key) ?? USUAL));

/** A root inside may write its own sysctls, so these keep a program from a mistake, not a guest from malice. */
const BY_ITSELF = "a root inside can lift it; memory.limit bounds what they hold";

/** Rows of the table. */
export const IPC_ROWS = [
  {
    key: "ipc.shm",
    group: "kernel objects",
    title: "System V shared memory",
    help: `most bytes in System V shared memory segments; shmget above it fails with ENOSPC; ${BY_ITSELF}`,
    codec: bytes,
    default: "unlimited",
    range: { min: PAGE, unlimited: true },
    live: true,
    enforcement: "advisory",
    ways: bothDialects(
      way("ipc.shm", "shm", (levels) => {
        const most = amount(levels, "ipc.shm");
        return most === null ? "max" : String(Math.ceil(most / PAGE) * PAGE);
      }),
    ),
  },
  {
    key: "ipc.msg",
    group: "kernel objects",
    title: "Message queues",
    help: `most System V message queues; msgget above it fails with ENOSPC; ${BY_ITSELF}`,
    codec: count,
    default: String(USUAL),
    fresh: USUAL,
    range: { min: 0, max: MOST, unlimited: false },
    live: true,
    enforcement: "advisory",
    ways: bothDialects(counted("ipc.msg", "msg")),
  },
  {
    key: "ipc.sem",
    group: "kernel objects",
    title: "Semaphore sets",
    help: `most System V semaphore sets; semget above it fails with ENOSPC; ${BY_ITSELF}`,
    codec: count,
    default: String(USUAL),
    fresh: USUAL,
    range: { min: 0, max: MOST, unlimited: false },
    live: true,
    enforcement: "advisory",
    ways: bothDialects(counted("ipc.sem", "sem")),
  },
] as const satisfies readonly LevelRow[];
