import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The last lines of a console's log, control characters taken out; empty when there is none. */
export function consoleTail(path: string, lines: number): string[] {
  const text = tail(path, 16_384).toString("utf8");
  return text
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-Z\\-_]/g, "")
    .split(/\r*\n/)
    .map((line) => line.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, ""))
    .filter((line) => line.trim() !== "")
    .slice(-lines);
}

/** The last bytes of a file; empty when there is none. */
export function tail(path: string, most: number): Buffer {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const size = fstatSync(fd).size;
    const bytes = Buffer.alloc(Math.min(size, most));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, size - bytes.length));
  } finally {
    closeSync(fd);
  }
}
