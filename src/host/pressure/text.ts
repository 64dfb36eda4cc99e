/** The `total` of one line of a /proc/pressure file, in microseconds; `null` when it isn't there. */
export function stalled(text: string | null, line: "some" | "full"): number | null {
  const total = new RegExp(`^${line} .*total=(\\d+)`, "m").exec(text ?? "")?.[1];
  return total === undefined ? null : Number(total);
}

/** The load average of the last minute as a share: 0 while every runnable task has a processor, 1 at three for each. */
export function loadShare(loadavg: string, cpus: number): number {
  const load = Number(loadavg.split(" ")[0] ?? 0) / cpus;
  return Math.min(1, Math.max(0, (load - 1) / 2));
}
