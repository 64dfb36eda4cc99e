/** Control groups in memory that behave as the kernel's do where levels care: what is refused, clamped, reclaimed. */
import type { Cgroups } from "../../src/host/cgroup/index.ts";
import { cpuList } from "../../src/spec/cpulist.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import type { Dialect } from "../../src/spec/level.ts";

const NONE = "9223372036854771712";
const FILES: Record<Dialect, Record<string, string>> = {
  v1: {
    "memory.limit_in_bytes": NONE,
    "memory.memsw.limit_in_bytes": NONE,
    "memory.usage_in_bytes": "0",
    "memory.memsw.usage_in_bytes": "0",
    "memory.max_usage_in_bytes": "0",
    "memory.failcnt": "0",
    "memory.memsw.failcnt": "0",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0",
    "memory.force_empty": "",
    "cpu.shares": "1024",
    "cpu.cfs_quota_us": "-1",
    "cpu.cfs_period_us": "100000",
    "cpu.stat": "nr_periods 0\nnr_throttled 0",
    "cpu.cfs_burst_us": "0",
    "cpu.idle": "0",
    "cpuset.cpus": "0-3",
    "cpuset.mems": "0-1",
    "cpuset.memory_migrate": "0",
    "memory.soft_limit_in_bytes": NONE,
    "blkio.throttle.read_bps_device": "",
    "blkio.throttle.write_bps_device": "",
    "blkio.throttle.read_iops_device": "",
    "blkio.throttle.write_iops_device": "",
    "blkio.bfq.weight": "100",
    "hugetlb.2MB.rsvd.limit_in_bytes": NONE,
    "hugetlb.2MB.rsvd.failcnt": "0",
    "hugetlb.1GB.rsvd.limit_in_bytes": NONE,
    "hugetlb.1GB.rsvd.failcnt": "0",
    "hugetlb.2MB.limit_in_bytes": NONE,
    "hugetlb.2MB.usage_in_bytes": "0",
    "hugetlb.2MB.max_usage_in_bytes": "0",
    "hugetlb.2MB.failcnt": "0",
    "hugetlb.1GB.limit_in_bytes": NONE,
    "hugetlb.1GB.usage_in_bytes": "0",
    "hugetlb.1GB.max_usage_in_bytes": "0",
    "hugetlb.1GB.failcnt": "0",
    "cgroup.max.descendants": "max",
    "cgroup.stat": "nr_descendants 1\nnr_dying_descendants 0",
    "pids.max": "max",
    "pids.current": "1",
    "pids.peak": "1",
    "pids.events": "max 0",
    "cgroup.procs": "",
  },
  v2: {
    "memory.max": "max",
    "memory.high": "max",
    "memory.current": "0",
    "memory.peak": "0",
    "memory.reclaim": "",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0",
    "memory.swap.max": "max",
    "memory.swap.current": "0",
    "memory.swap.peak": "0",
    "memory.swap.events": "high 0\nmax 0\nfail 0",
    "cpu.weight": "100",
    "cpu.max": "max 100000",
    "cpu.stat": "usage_usec 0\nnr_throttled 0",
    "cpu.max.burst": "0",
    "cpu.idle": "0",
    "cpuset.cpus": "",
    "cpuset.mems": "",
    "memory.low": "0",
    "memory.min": "0",
    "memory.zswap.max": "max",
    "memory.zswap.current": "0",
    "memory.oom.group": "0",
    "io.max": "",
    "io.weight": "default 100",
    "io.bfq.weight": "default 100",
    "hugetlb.2MB.rsvd.max": "max",
    "hugetlb.1GB.rsvd.max": "max",
    "hugetlb.2MB.max": "max",
    "hugetlb.2MB.current": "0",
    "hugetlb.2MB.events": "max 0",
    "hugetlb.1GB.max": "max",
    "hugetlb.1GB.current": "0",
    "hugetlb.1GB.events": "max 0",
    "cgroup.max.descendants": "max",
    "cgroup.stat": "nr_descendants 1\nnr_dying_descendants 0",
    "pids.max": "max",
    "pids.current": "1",
    "pids.peak": "1",
    "pids.events": "max 0",
    "cgroup.procs": "",
  },
};
const HELD = new Set(["memory.usage_in_bytes", "memory.memsw.usage_in_bytes", "memory.current"]);
const KILLED = "the kernel would have killed in the group";

export interface FakeCgroups extends Cgroups {
  /** All files by `group/file`. */
  files: Map<string, string>;
  /** Writes so far, in order. */
  writes: { path: string; text: string }[];
  /** Called before each write; what it throws is the kernel's answer. */
  before: (path: string, text: string, count: number) => void;
  /** Called after each write, with the file's new text in place. */
  after: (path: string) => void;
  /** What a group holds, and how little reclaiming can bring it to. */
  memory: { held: number; floor: number };
  make(group: string): void;
}

const refuse = (op: string, path: string, errno: string, value?: string): never => {
  throw new WarrenError("FAILED", `${op} ${path}: ${errno}`, "", { op, path, errno, value });
};
const number = (text: string): number => (text === "max" || text === "-1" ? Number(NONE) : Number(text));
const page = (text: string): string =>
  number(text) >= Number(NONE) ? text : String(number(text) - (number(text) % 4096));

export function fakeCgroups(dialect: Dialect): FakeCgroups {
  const files = new Map<string, string>();
  /** A file that a kernel doesn't have limits nothing. */
  const get = (group: string, file: string) => files.get(`${group}/${file}`) ?? "-1";
  const children = (group: string) =>
    [...files.keys()]
      .filter((k) => k.startsWith(`${group}/`) && k.endsWith("/cgroup.procs"))
      .map((k) => k.slice(0, -13));
  const below = (group: string) =>
    children(group)
      .filter((path) => path !== group)
      .map((path) => path.slice(group.length + 1));
  const parentOf = (group: string) => group.slice(0, group.lastIndexOf("/"));
  const direct = (group: string) => below(group).filter((path) => !path.includes("/"));
  const within = (a: string, b: string) => new Set(cpuList(a)).isSubsetOf(new Set(cpuList(b)));
  const quota = (group: string) => {
    const own = Number(get(group, "cpu.cfs_quota_us"));
    return own < 0 ? Number.POSITIVE_INFINITY : own / Number(get(group, "cpu.cfs_period_us"));
  };

  /** Microseconds a period; `text` is what it shall be. */
  const quotaOf = (group: string, text = get(group, dialect === "v1" ? "cpu.cfs_quota_us" : "cpu.max")) => {
    const most = Number.parseInt(text, 10);
    return most >= 0 ? most : Number.POSITIVE_INFINITY;
  };
  const WEIGHT = dialect === "v1" ? "cpu.shares" : "cpu.weight";
  const [IDLE, ORDINARY] = dialect === "v1" ? ["3", "1024"] : ["0", "100"];

  /** Lines of disks with a limit; one line is written at a time, and only the keys it has change. */
  function rates(path: string, now: string, text: string, keys: readonly string[]): string {
    const [, disk = "", rest = ""] = /^(\d+:\d+) (.+)$/.exec(text) ?? refuse("write", path, "EINVAL", text);
    const lines = new Map(now.split("\n").map((line) => [line.split(" ")[0] ?? "", line] as const));
    lines.delete("");
    if (keys.length === 0) {
      if (!/^\d+$/.test(rest)) refuse("write", path, "EINVAL", text);
      if (rest === "0") lines.delete(disk);
      else lines.set(disk, text);
      return [...lines.values()].sort().join("\n");
    }
    const old = new Map(
      (lines.get(disk) ?? "")
        .split(" ")
        .slice(1)
        .map((word) => word.split("=") as [string, string]),
    );
    for (const word of rest.split(" ")) {
      const [key = "", value = ""] = word.split("=");
      if (!keys.includes(key) || !/^(?:max|[1-9]\d*)$/.test(value)) refuse("write", path, "EINVAL", text);
      old.set(key, value);
    }
    const words = keys.map((key) => `${key}=${old.get(key) ?? "max"}`);
    if (words.every((word) => word.endsWith("=max"))) lines.delete(disk);
    else lines.set(disk, `${disk} ${words.join(" ")}`);
    return [...lines.values()].sort().join("\n");
  }

  function reclaimTo(target: number): void {
    fake.memory.held = Math.max(Math.min(fake.memory.held, target), fake.memory.floor);
    for (const key of files.keys())
      if (/memory\.(memsw\.)?usage_in_bytes$|memory\.current$/.test(key))
        files.set(key, String(fake.memory.held));
  }

  /** The text the kernel keeps. */
  function accept(group: string, file: string, text: string): string {
    const path = `${group}/${file}`;
    const outer = files.has(`${parentOf(group)}/${file}`) ? parentOf(group) : null;
    switch (file) {
      case "memory.limit_in_bytes":
        if (number(text) > number(get(group, "memory.memsw.limit_in_bytes")))
          refuse("write", path, "EINVAL", text);
        reclaimTo(Math.min(number(text), fake.memory.held));
        if (fake.memory.held > number(text)) refuse("write", path, "EBUSY", text);
        return text === "-1" ? NONE : page(text);
      case "memory.memsw.limit_in_bytes":
        if (number(text) < number(get(group, "memory.limit_in_bytes"))) refuse("write", path, "EINVAL", text);
        if (fake.memory.held > number(text)) refuse("write", path, "EBUSY", text);
        return text === "-1" ? NONE : page(text);
      case "memory.force_empty":
        reclaimTo(0);
        return "";
      case "memory.reclaim": {
        const target = fake.memory.held - Number(text);
        reclaimTo(target);
        if (fake.memory.held > target) refuse("write", path, "EAGAIN", text);
        return "";
      }
      case "memory.max":
        reclaimTo(Math.min(number(text), fake.memory.held));
        if (fake.memory.held > number(text)) throw new Error(KILLED);
        return page(text);
      case "cpu.cfs_quota_us": {
        const parent = outer === null ? Number.POSITIVE_INFINITY : quota(outer);
        const own = text === "-1" ? parent : Number(text) / Number(get(group, "cpu.cfs_period_us"));
        if (own > parent) refuse("write", path, "EINVAL", text);
        const over = direct(group).some(
          (c) => quota(`${group}/${c}`) !== Number.POSITIVE_INFINITY && quota(`${group}/${c}`) > own,
        );
        if (over || Number(get(group, "cpu.cfs_burst_us")) > quotaOf(group, text))
          refuse("write", path, "EINVAL", text);
        return text;
      }
      case "cpu.cfs_burst_us":
      case "cpu.max.burst":
        if (Number(text) > quotaOf(group)) refuse("write", path, "EINVAL", text);
        return text;
      case "cpu.max":
        if (Number(get(group, "cpu.max.burst")) > quotaOf(group, text)) refuse("write", path, "EINVAL", text);
        return text;
      case "cpu.shares":
      case "cpu.weight":
        if (get(group, "cpu.idle") === "1" || Number(text) < (dialect === "v1" ? 2 : 1))
          refuse("write", path, "EINVAL", text);
        return text;
      case "cpu.idle":
        if (text !== get(group, file)) files.set(`${group}/${WEIGHT}`, text === "1" ? IDLE : ORDINARY);
        return text;
      case "io.max":
        return rates(path, get(group, file), text, ["rbps", "wbps", "riops", "wiops"]);
      case "blkio.throttle.read_bps_device":
      case "blkio.throttle.write_bps_device":
      case "blkio.throttle.read_iops_device":
      case "blkio.throttle.write_iops_device":
        return rates(path, get(group, file), text, []);
      case "io.weight":
      case "io.bfq.weight":
        if (!/^(?:default )?\d+$/.test(text)) refuse("write", path, "EINVAL", text);
        return text.startsWith("default ") ? text : `default ${text}`;
      case "memory.min":
      case "memory.low":
      case "memory.high":
      case "memory.zswap.max":
      case "memory.soft_limit_in_bytes":
        return text === "-1" ? NONE : page(text);
      case "hugetlb.2MB.rsvd.limit_in_bytes":
      case "hugetlb.1GB.rsvd.limit_in_bytes":
      case "hugetlb.2MB.limit_in_bytes":
      case "hugetlb.1GB.limit_in_bytes":
        return text === "-1" ? NONE : text;
      case "memory.oom.group":
      case "cpuset.memory_migrate":
        if (!/^[01]$/.test(text)) refuse("write", path, "EINVAL", text);
        return text;
      case "cpuset.mems":
      case "cpuset.cpus":
        // Groups here always have processes, and those need a CPU and memory.
        if (dialect === "v2") return text === "" ? refuse("write", path, "ENOSPC", text) : text;
        if (text === "" || (outer !== null && !within(text, get(outer, file))))
          refuse("write", path, "EACCES", text);
        if (direct(group).some((c) => !within(get(`${group}/${c}`, file), text)))
          refuse("write", path, "EBUSY", text);
        return text;
      default:
        return text;
    }
  }

  const fake: FakeCgroups = {
    dialect,
    controllers: new Set([
      ...["memory", "cpu", "cpuset", "pids", "hugetlb", "unified"],
      dialect === "v1" ? "blkio" : "io",
    ]),
    beside: new Set(),
    handDown: async () => undefined,
    files,
    writes: [],
    before: () => undefined,
    after: () => undefined,
    memory: { held: 0, floor: 0 },
    make(group) {
      for (const [file, text] of Object.entries(FILES[dialect])) files.set(`${group}/${file}`, text);
    },
    expectMoves: () => undefined,
    path: (group, _controller, file) => `${group}/${file}`,
    exists: (group) => files.has(`${group}/cgroup.procs`),
    neighbour: () => {
      const first = [...files.keys()].find((path) => /^[^/]+\/cgroup\.procs$/.test(path));
      return first?.split("/")[0] ?? null;
    },
    read(group, _controller, file) {
      const text = files.get(`${group}/${file}`) ?? null;
      return text !== null && HELD.has(file) ? String(fake.memory.held) : text;
    },
    async write(group, _controller, file, text) {
      const path = `${group}/${file}`;
      // Files are the kernel's: none is ever created.
      if (!files.has(path)) refuse("write", path, "ENOENT", text);
      fake.before(path, text, fake.writes.length);
      files.set(path, accept(group, file, text));
      fake.writes.push({ path, text });
      fake.after(path);
    },
    below: (group) => below(group),
    processes: () => [],
    ofPid: () => null,
    freeze: async () => undefined,
    frozen: () => false,
    kill: async () => undefined,
    remove: async () => undefined,
  };
  fake.make(".");
  return fake;
}
