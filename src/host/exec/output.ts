import { closeSync } from "node:fs";
import { unread } from "../syscall/index.ts";

/** More than a pipe (64 KiB) and the reader's own buffer can hold: what came later was written by others. */
const LEFT_BEHIND = 1 << 20;
/** Milliseconds a read may stay empty once the process ended and the kernel holds nothing more. */
const QUIET = 20;

/**
 * What a process writes to `fd`, read only when asked for, so that a slow reader halts the process.
 *
 * Ends at the end of the file, or, where a background child still holds the pipe, once everything that was written
 * before `exited` has been read. Closes `fd` at the end or when cancelled.
 */
export function output(
  fd: number,
  exited: Promise<unknown>,
  closed?: () => void,
): ReadableStream<Uint8Array> {
  const reader = (Bun.file(fd).stream() as ReadableStream<Uint8Array>).getReader();
  let open = true;
  let ended = false;
  let after = 0;
  const end = (): undefined => {
    ended = true;
  };
  const over: Promise<undefined> = exited.then(end, end);
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await reader.cancel().catch(() => undefined);
    closeSync(fd);
    closed?.();
  };
  // A terminal whose other end is gone answers EIO instead of an end.
  const read = (): Promise<Uint8Array | null> =>
    reader.read().then(
      ({ value }) => value ?? null,
      () => null,
    );
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = read();
        let piece = await Promise.race([next, over]);
        while (piece === undefined) {
          const empty = unread(fd) === 0;
          piece = await Promise.race([next, Bun.sleep(QUIET).then(() => undefined)]);
          if (piece === undefined && empty) piece = null;
        }
        if (piece !== null && ended) after += piece.length;
        if (piece !== null) controller.enqueue(piece);
        if (piece !== null && after < LEFT_BEHIND) return;
        await close();
        controller.close();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}
