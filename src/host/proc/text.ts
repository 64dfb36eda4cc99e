/** Fields of /proc/PID/stat behind the command, which may hold spaces and parentheses (proc_pid_stat(5)). */
function fields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

export const parentOf = (stat: string): number => Number(fields(stat)[1]);

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

/** A path as /proc writes it, its octal escapes undone. */
export const octalsUndone = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Bytes of a line like `RssFile:  1234 kB`, or `null` when there is none of that name. */
export function kibibytes(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(text);
  return found ? Number(found[1]) * 1024 : null;
}
