/**
 * Every resource level, one row each: how people write it, what it may be, and which kernel file holds it in each
 * dialect of control groups (`levels/`). Commands, API, reference and kernel writes are made from these rows; the names
 * of kernel files are in no other place.
 *
 * Order matters in one way: of two settings that limit each other, the narrower comes first (memory before memory
 * plus swap), so that tightening runs down the table and loosening runs up.
 */
import { bytes, count, cpus, cpuset, weight } from "./codec.ts";
import type { LevelRow } from "./level.ts";
import { cpuBurst, cpuIdle, cpuLimit, cpuWeight } from "./levels/cpu.ts";
import { checkCpus, cpuNodes, cpuSet } from "./levels/cpuset.ts";
import { DEVICE_ROWS } from "./levels/devices.ts";
import { DISK_ROWS } from "./levels/disk.ts";
import { IO_RATES, ioWeight } from "./levels/io.ts";
import { IPC_ROWS } from "./levels/ipc.ts";
import { memory, swap } from "./levels/memory.ts";
import {
  memoryGuarantee,
  memoryHigh,
  memoryLow,
  memoryMerge,
  memoryOomGroup,
  memoryZswap,
} from "./levels/memory-care.ts";
import { NETWORK_ROWS } from "./levels/network.ts";
import { cgroupDescendants, HUGETLB_ROWS } from "./levels/objects.ts";
import { pids } from "./levels/pids.ts";
import { PROCESS_ROWS } from "./levels/process.ts";
import { PSEUDOFS_ROWS } from "./levels/pseudofs.ts";
import { ubcCount, ubcLimit, ubcMask, ubcPages, ubcPercent, ubcUnits } from "./ubc.ts";

const MIB = 1024 ** 2;

const ROWS = [
  memoryHigh,
  {
    key: "memory.limit",
    group: "memory",
    title: "Memory",
    help: "most memory the container may hold, page cache included; above it the kernel takes cache back, then kills in the container",
    codec: bytes,
    // One container can't push the host into its own out-of-memory, yet what is idle is anybody's.
    default: "80%",
    range: { min: 4 * MIB, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcLimit("physpages"),
    promise: { resource: "memory", as: "limit" },
    whole: (host) => host.memory,
    ways: memory,
  },
  {
    key: "memory.swap",
    group: "memory",
    title: "Swap",
    help: "most swap space the container may hold beyond its memory",
    codec: bytes,
    default: "unlimited",
    range: { min: 0, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcPages("swappages"),
    promise: { resource: "swap", as: "limit" },
    whole: (host) => host.swap,
    ways: swap,
  },
  memoryLow,
  memoryGuarantee,
  memoryZswap,
  memoryOomGroup,
  memoryMerge,
  {
    key: "cpu.weight",
    group: "cpu",
    title: "CPU share",
    help: "share of the CPUs when neighbours want them too; 200 gets twice what 100 gets, idle CPUs are anybody's",
    codec: weight,
    default: "100",
    fresh: 100,
    range: { min: 1, max: 10_000, unlimited: false },
    live: true,
    enforcement: "kernel",
    alias: ubcUnits("cpuunits"),
    ways: cpuWeight,
  },
  cpuIdle,
  cpuBurst,
  {
    key: "cpu.limit",
    group: "cpu",
    title: "CPU limit",
    help: "most CPU time the container may use, also when CPUs are idle; 1 or 100% is one whole CPU",
    codec: cpus,
    default: "unlimited",
    range: { min: 0.01, max: 8192, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcPercent("cpulimit"),
    promise: { resource: "cpu", as: "limit" },
    ways: cpuLimit,
  },
  {
    key: "cpu.set",
    group: "cpu",
    title: "CPUs",
    help: "the CPUs the container may run on",
    codec: cpuset,
    default: "unlimited",
    range: { unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcMask("cpumask"),
    check: checkCpus,
    ways: cpuSet,
  },
  cpuNodes,
  {
    key: "pids.limit",
    group: "processes",
    title: "Processes",
    help: "most processes and threads at one time; a fork above it fails in the container",
    codec: count,
    // Room for a full server with databases; a fork bomb ends here, far below what the host has.
    default: "2048",
    // The kernel's own ceiling on process ids, PID_MAX_LIMIT, on 64-bit machines.
    range: { min: 1, max: 4_194_304, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcCount("numproc"),
    promise: { resource: "pids", as: "limit" },
    ways: pids,
  },
  ioWeight,
  ...IO_RATES,
  ...HUGETLB_ROWS,
  cgroupDescendants,
  ...PROCESS_ROWS,
  ...NETWORK_ROWS,
  ...DISK_ROWS,
  ...PSEUDOFS_ROWS,
  ...IPC_ROWS,
  ...DEVICE_ROWS,
] as const satisfies readonly LevelRow[];

/** The table. */
export const LEVELS: readonly LevelRow[] = ROWS;
/** A level's key, as code names it. */
export type LevelKey = (typeof ROWS)[number]["key"];
