/**
 * Equal levels for so many containers; pure. With R kept for the host (a tenth, and of memory 256 MiB at least) and N
 * containers a share is (capacity - R) / N; `oversell` lets each take a multiple of its share while others leave it.
 *
 * After OpenVZ's vzsplit(8), which divided what today's kernels count as one: memory of the kernel, sockets, processes.
 */
import { bytes } from "../spec/codec.ts";
import { WarrenError } from "../spec/errors.ts";
import type { HostSplit, Resource } from "../spec/host.ts";

const MIB = 1024 ** 2;
/** Below this a container has no room for an init and one program. */
const LEAST_MEMORY = 16 * MIB;
const LEAST_PIDS = 32;
/** More than a container needs; the rest is left for those to come. */
const MOST_PIDS = 32_768;
const RESERVED = 0.1;
const LEAST_RESERVED = 256 * MIB;

export interface SplitRequest {
  containers: number;
  /** Bytes of memory kept for the host; a tenth unless told. */
  reserve: number | null;
  oversell: number;
}

/** Whole MiB, which read well and are whole pages of every machine. */
const whole = (value: number): number => Math.floor(value / MIB) * MIB;

/** Throws REFUSED when too little would be left for each. */
function enough(
  share: number,
  least: number,
  n: number,
  total: number,
  what: string,
  show: (v: number) => string,
) {
  if (share >= least) return;
  throw new WarrenError(
    "REFUSED",
    `${n} containers would have ${show(Math.max(0, share))} of ${what} each, and ${show(least)} is the least`,
    `split into ${Math.max(1, Math.floor(total / least))} or less, or keep less for the host`,
    { containers: n, share, least },
  );
}

/** Proposes levels; those that `can` denies are left out. Throws REFUSED. */
export function splitHost(
  capacity: Readonly<Record<Resource, number>>,
  { containers, reserve, oversell }: SplitRequest,
  can: (key: string) => boolean,
): HostSplit {
  const reserved = {
    memory: reserve ?? Math.max(capacity.memory * RESERVED, Math.min(LEAST_RESERVED, capacity.memory / 2)),
    pids: capacity.pids * RESERVED,
    disk: capacity.disk * RESERVED,
  };
  const free = (of: "memory" | "pids" | "disk"): number => capacity[of] - reserved[of];
  const [memory, pids] = [whole(free("memory") / containers), Math.floor(free("pids") / containers)];
  enough(memory, LEAST_MEMORY, containers, free("memory"), "memory", bytes.format);
  enough(pids, LEAST_PIDS, containers, free("pids"), "processes", String);
  /** What one may take: a multiple of its share, never what is kept for the host. */
  const most = (share: number, all: number): number => whole(Math.min(share * oversell, all));
  const levels: Record<string, string> = {
    "memory.limit": bytes.format(most(memory, free("memory"))),
    // What is a container's own is kept for it while others take more than theirs.
    "memory.low": bytes.format(memory),
    ...(capacity.swap > 0
      ? { "memory.swap": bytes.format(most(capacity.swap / containers, capacity.swap)) }
      : {}),
    // Equal shares when all want all; an idle CPU is anybody's.
    "cpu.weight": "100",
    "pids.limit": String(Math.min(pids, MOST_PIDS)),
    "disk.space": bytes.format(most(free("disk") / containers, free("disk"))),
  };
  return {
    containers,
    reserved: {
      memory: Math.ceil(reserved.memory),
      pids: Math.ceil(reserved.pids),
      disk: Math.ceil(reserved.disk),
    },
    oversell,
    levels: Object.fromEntries(Object.entries(levels).filter(([key]) => can(key))),
  };
}
