import { closeSync, fstatSync, openSync, readSync, statSync, watch } from "node:fs";
import { tail } from "./console-tail.ts";

/** Bytes of the log that are looked at for its last lines; LXC rotates it at 1 MB. */
const MOST = 1 << 20;

/**
 * The console's log: its last `lines` (all when not told), then, with `follow`, what comes, across rotations, until
 * `signal` or until `there` says that the container is gone.
 */
export async function* followLog(
  path: string,
  o: { lines?: number; follow?: boolean; signal: AbortSignal },
  there: () => boolean,
): AsyncIterable<Uint8Array> {
  const bytes = tail(path, MOST);
  yield lastLines(bytes, o.lines);
  if (!o.follow) return;
  let at = size(path);
  let inode = inodeOf(path);
  while (!o.signal.aborted && there()) {
    await changed(path, o.signal);
    if (inodeOf(path) !== inode || size(path) < at) {
      inode = inodeOf(path);
      at = 0;
    }
    const fresh = from(path, at);
    at += fresh.length;
    if (fresh.length > 0) yield fresh;
  }
}

function lastLines(bytes: Buffer, lines: number | undefined): Buffer {
  if (lines === undefined) return bytes;
  if (lines <= 0) return Buffer.alloc(0);
  let at = bytes.length;
  if (bytes[at - 1] === 10) at--;
  for (let left = lines; left > 0 && at > 0; left--) at = at === 0 ? -1 : bytes.lastIndexOf(10, at - 1);
  return bytes.subarray(at + 1);
}

const stat = (path: string) => statSync(path, { throwIfNoEntry: false });
const size = (path: string): number => stat(path)?.size ?? 0;
const inodeOf = (path: string): number => stat(path)?.ino ?? 0;

function from(path: string, at: number): Buffer {
  if (size(path) <= at) return Buffer.alloc(0);
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(fd).size - at, 1 << 16));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, at));
  } finally {
    closeSync(fd);
  }
}

/** Resolves at the next change of a file, and after half a second in any case: rotations make new files. */
function changed(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      watcher?.close();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, 500);
    const watcher = stat(path) ? watch(path, end) : undefined;
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
