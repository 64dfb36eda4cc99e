/** What the kernel limits of each process (getrlimit(2)), and who is killed first when memory is out. */
import { bytes, type Codec, count, score } from "../codec.ts";
import type { LevelHost, LevelRow, LevelWay, Setting } from "../level.ts";
import { amount, bothDialects, figure } from "./figures.ts";

const KIB = 1024;
const MIB = 1024 ** 2;

const extent = (text: string): number | null => (text === "unlimited" ? null : Number(text));
const pick = ([text = ""]: readonly string[]): number | null => extent(text);

/** The hard limit that a value stands for: where none is asked for, the daemon's own, which its children inherit. */
const hard = (value: unknown, name: string, host: LevelHost): number | null =>
  typeof value === "number" ? value : (host.rlimits[name] ?? null);

/** Whether one limit is above another; none is above all. */
const above = (a: number | null, b: number | null): boolean => b !== null && (a === null || a > b);

function setting(key: string, name: string): Setting {
  return {
    controller: "rlimit",
    file: name,
    of: [key],
    oneWay: (host) => !host.raises,
    text: (levels, host) => String(hard(amount(levels, key), name, host) ?? "unlimited"),
    extent,
  };
}

interface Limited<Name extends string> {
  /** The word of prlimit(1). */
  name: Name;
  title: string;
  help: string;
  codec: Codec;
  /** The least that containers can still be started and entered with. */
  min: number;
  /** Whether /proc tells what is used of it. */
  told: boolean;
}

function row<const Name extends string>({ name, title, help, codec, min, told }: Limited<Name>) {
  const key = `rlimit.${name}` as const;
  const way: LevelWay = {
    settings: [setting(key, name)],
    limit: figure("rlimit", name, pick),
    ...(told ? { held: figure("rlimit", `${name}.held`, pick) } : {}),
  };
  return {
    key,
    group: "processes",
    title,
    help,
    codec,
    default: "unlimited",
    range: { min, unlimited: true },
    live: true,
    enforcement: "kernel",
    check(value, host) {
      const own = host.rlimits[name] ?? null;
      if (value === null || host.raises || !above(Number(value), own)) return null;
      return `is above the daemon's own hard limit, ${codec.format(own)}, and without CAP_SYS_RESOURCE it can't raise limits`;
    },
    later(from, to, host) {
      if (host.raises || !above(hard(to, name, host), hard(from, name, host))) return null;
      return "without CAP_SYS_RESOURCE this host can't raise a limit of processes that run";
    },
    ways: bothDialects(way),
  } as const satisfies LevelRow;
}

const oomPriority: LevelWay = {
  settings: [
    {
      controller: "oom",
      file: "score",
      of: ["oom.priority"],
      text: (levels, host) => String(amount(levels, "oom.priority") ?? host.oomScore),
      // A lower score is the looser one: it keeps the container alive at the cost of others.
      extent: (text) => -Number(text),
    },
  ],
  limit: figure("oom", "score", ([text = ""]) => Number(text)),
};

/** Rows of the table. */
export const PROCESS_ROWS = [
  row({
    name: "nofile",
    title: "Open files",
    help: "most files one process may have open; an open above it fails with EMFILE",
    codec: count,
    min: 64,
    told: true,
  }),
  row({
    name: "nproc",
    title: "Processes of one user",
    help: "most processes and threads of one user of the container, root included; a fork above it fails with EAGAIN",
    codec: count,
    min: 8,
    told: true,
  }),
  row({
    name: "memlock",
    title: "Locked memory",
    help: "most memory one process may lock, out of reach of swapping; above it mlock fails with ENOMEM",
    codec: bytes,
    min: 0,
    told: true,
  }),
  row({
    name: "stack",
    title: "Stack",
    help: "most stack of one process; one that outgrows it is killed by SIGSEGV",
    codec: bytes,
    min: 128 * KIB,
    told: true,
  }),
  row({
    name: "as",
    title: "Address space",
    help: "most address space of one process; an allocation above it fails with ENOMEM",
    codec: bytes,
    min: 64 * MIB,
    told: true,
  }),
  row({
    name: "core",
    title: "Core files",
    help: "largest core file one process may leave when it crashes; 0 for none",
    codec: bytes,
    min: 0,
    told: false,
  }),
  row({
    name: "sigpending",
    title: "Queued signals",
    help: "most signals queued for all processes of one user; sigqueue above it fails with EAGAIN",
    codec: count,
    min: 16,
    told: true,
  }),
  row({
    name: "msgqueue",
    title: "Message queues",
    help: "most bytes in POSIX message queues of one user; mq_open above it fails with EMFILE",
    codec: bytes,
    min: 0,
    told: false,
  }),
  {
    key: "oom.priority",
    group: "processes",
    title: "Priority when memory is out",
    help: "who is killed first when the host's memory is out: -1000 never, 1000 first; where Warren lacks CAP_SYS_RESOURCE, the guest may go back down as far as the daemon's own",
    codec: score,
    default: "0",
    range: { min: -1000, max: 1000, unlimited: false },
    live: true,
    enforcement: "kernel",
    check: (value, host) =>
      host.raises || Number(value) >= host.oomScore
        ? null
        : `is below the daemon's own, ${host.oomScore}, and without CAP_SYS_RESOURCE it can't go lower`,
    ways: bothDialects(oomPriority),
  },
] as const satisfies readonly LevelRow[];
