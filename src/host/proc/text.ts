/** Fields of /proc/PID/stat behind the command, which may hold spaces and parentheses (proc_pid_stat(5)). */
function fields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

export const parentOf = (stat: string): number => Number(fields(stat)[1]);

/** Whether a thread is on a processor, waits for one, or waits uninterruptibly in the kernel, by its state. */
export const atWork = (stat: string): boolean => /^[RD]$/.test(fields(stat)[0] ?? "");

/** Whether a process has ended and only waits to be taken note of. */
export const isOver = (stat: string): boolean => /^[ZX]$/.test(fields(stat)[0] ?? "");

/** Threads of a process. */
export const threadsOf = (stat: string): number => Number(fields(stat)[17]);

export const startOf = (stat: string): number => Number(fields(stat)[19]);

/** Whether a /proc/PID/status tells that a signal is caught, or blocked to be read later (signalfd(2)); 1 is the first bit. */
export function takes(status: string, signal: number): boolean {
  const bit = 1n << BigInt(signal - 1);
  return ["SigCgt", "SigBlk"].some((mask) => {
    const hex = new RegExp(`^${mask}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1];
    return hex !== undefined && (BigInt(`0x${hex}`) & bit) !== 0n;
  });
}

/** Mount points of a /proc/PID/mountinfo, octal escapes undone (proc_pid_mountinfo(5)). */
export function mountPoints(mountinfo: string): string[] {
  return mountinfo
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => octalsUndone(line.split(" ")[4] ?? ""));
}

/** A mount: where it is, the file system's type, and what it comes from. */
export interface Mount {
  at: string;
  type: string;
  source: string;
}

/** The mount that holds a path, by a /proc/PID/mountinfo; of two at one place the later one, which is seen. */
export function mountHolding(mountinfo: string, path: string): Mount | null {
  let best: Mount | null = null;
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const at = octalsUndone(before.split(" ")[4] ?? "");
    const [type = "", source = ""] = after.split(" ");
    const holds = at === "/" || path === at || path.startsWith(`${at}/`);
    if (at !== "" && holds && at.length >= (best?.at.length ?? 0))
      best = { at, type, source: octalsUndone(source) };
  }
  return best;
}

/** Major and minor number of Linux's dev_t: 12 bits above 8 bits, the minor's upper 12 above both. */
export const deviceNumbers = (dev: number): { major: number; minor: number } => ({
  major: (dev >> 8) & 0xfff,
  minor: (dev & 0xff) | ((dev >> 12) & 0xfff00),
});

/** A path as /proc writes it, its octal escapes undone. */
export const octalsUndone = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Bytes of a line like `RssFile:  1234 kB`, or `null` when there is none of that name. */
export function kibibytes(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(text);
  return found ? Number(found[1]) * 1024 : null;
}
