/** The lines of /proc/meminfo in bytes (proc_meminfo(5)); lines without a unit are left out. */
export function meminfo(text: string): Record<string, number> {
  const lines = text.matchAll(/^([^:\s]+):\s+(\d+) kB$/gm);
  return Object.fromEntries([...lines].map(([, name, kilobytes]) => [name, Number(kilobytes) * 1024]));
}

/** CAP_SYS_RESOURCE in the masks of /proc/PID/status (capabilities(7)). */
const SYS_RESOURCE = 1n << 24n;

/** Whether a process of this /proc/PID/status may raise resource limits. */
export function raises(status: string): boolean {
  const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return mask !== undefined && (BigInt(`0x${mask}`) & SYS_RESOURCE) !== 0n;
}

/** Names in /proc/PID/limits (proc_pid_limits(5)) and the words of prlimit(1) for them. */
const LIMITS: Readonly<Record<string, string>> = {
  "Max stack size": "stack",
  "Max core file size": "core",
  "Max processes": "nproc",
  "Max open files": "nofile",
  "Max locked memory": "memlock",
  "Max address space": "as",
  "Max pending signals": "sigpending",
  "Max msgqueue size": "msgqueue",
};

/** Hard limits by their short names; `null` is unlimited. */
export function hardLimits(text: string): Record<string, number | null> {
  const found = Object.entries(LIMITS).flatMap(([title, name]) => {
    const line = text.split("\n").find((each) => each.startsWith(title));
    const [, hard] = line?.slice(title.length).trim().split(/\s+/) ?? [];
    return hard === undefined ? [] : [[name, hard === "unlimited" ? null : Number(hard)] as const];
  });
  return Object.fromEntries(found);
}

/** The scheduler in brackets of a disk's `queue/scheduler`. */
export const chosenScheduler = (text: string): string | null => /\[([\w-]+)\]/.exec(text)?.[1] ?? null;

/** Whether the kernel's cost model is on for a disk, by a line `MAJOR:MINOR enable=1 ...` (cgroup-v2.rst). */
export const costed = (text: string, disk: string): boolean =>
  text.split("\n").some((line) => line.startsWith(`${disk} `) && / enable=1\b/.test(line));
