/** One record of the kernel's log (Documentation/ABI/testing/dev-kmsg). */
export interface KernelRecord {
  /** Number without gaps since the host's boot. */
  seq: number;
  /** Microseconds since the host's boot. */
  at: number;
  /** Whether the kernel itself wrote it: programs can write to the log, but not under the kernel's facility. */
  kernel: boolean;
  text: string;
}

/** Reads `PRIORITY,SEQ,MICROSECONDS,FLAGS[,...];TEXT` and drops the continuation lines; `null` for anything else. */
export function parseRecord(raw: string): KernelRecord | null {
  const [, prefix = "", seq = "", at = "", text = ""] = /^(\d+),(\d+),(\d+),[^;]*;([^\n]*)/.exec(raw) ?? [];
  if (prefix === "") return null;
  // syslog(3): the lower three bits are the level, the others the facility; 0 is the kernel's.
  return { seq: Number(seq), at: Number(at), kernel: Number(prefix) >> 3 === 0, text };
}

/** A process that was killed because memory was short. */
export interface OomKill {
  what: "oom-kill";
  pid: number;
  /** Chosen by the process itself, at most 15 bytes. */
  process: string;
  /** Its owner on the host. */
  uid: number;
  /** Bytes of memory it held. */
  memory: number;
  /** Whether a control group's limit was the cause, and not the host's own memory. */
  byGroup: boolean;
}

/** Said right before a kill, unless there are too many: whose memory was short. */
export interface OomCause {
  what: "oom-cause";
  pid: number;
  /** The group whose limit it was, a path from the hierarchy's root; `null`: the host's own memory. */
  group: string | null;
}

/** A fork that a control group's limit refused; said once in a group's life. */
export interface ForkRefused {
  what: "fork-refused";
  group: string;
}

export type KernelNews = OomKill | OomCause | ForkRefused;

// Names of processes and groups are the guest's choice and may hold anything, so each pattern is fixed at both ends, by
// words that come after them or a path that they can't begin.
const KILL =
  /^(Memory cgroup out of memory|Out of memory[^:]*): Killed process (\d+) \((.*)\) total-vm:\d+kB, anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB, UID:(\d+) pgtables:\d+kB oom_score_adj:-?\d+$/;
const CAUSE = /^oom-kill:constraint=(\w+),.*,task=.*,pid=(\d+),uid=\d+$/;
const LIMIT_OF = /,oom_memcg=(\/.*?),task_memcg=\//;
const FORK = /^cgroup: fork rejected by pids controller in (\/.*)$/;

/** Bytes that the log wrote as `\xNN` (devkmsg_read()) as they were. */
const unescaped = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** What a line of the kernel (mm/oom_kill.c, kernel/cgroup/pids.c; Linux 5.19 to 6.18) tells of limits, or `null`. */
export function parseNews(text: string): KernelNews | null {
  const kill = KILL.exec(text);
  if (kill) {
    const [, why = "", pid, name = "", ...figures] = kill;
    const [anonymous = 0, file = 0, shared = 0, uid = 0] = figures.map(Number);
    const memory = (anonymous + file + shared) * 1024;
    const process = unescaped(name);
    return { what: "oom-kill", pid: Number(pid), process, uid, memory, byGroup: why.startsWith("Memory") };
  }
  const cause = CAUSE.exec(text);
  if (cause) {
    const group = cause[1] === "CONSTRAINT_MEMCG" ? (LIMIT_OF.exec(text)?.[1] ?? null) : null;
    return { what: "oom-cause", pid: Number(cause[2]), group: group === null ? null : unescaped(group) };
  }
  const fork = FORK.exec(text);
  return fork ? { what: "fork-refused", group: unescaped(fork[1]!) } : null;
}
