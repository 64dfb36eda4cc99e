import { writeSync } from "node:fs";
import type { Input } from "./input.ts";

/** Milliseconds between two tries while a terminal takes nothing, doubled up to the second number. */
const PATIENCE = [1, 50] as const;

/**
 * Types on the terminal `fd` (non-blocking; stays the caller's to close). A terminal is read and written through one
 * descriptor, and a sink of Bun's own would disturb the reader, so a full terminal is asked again instead of watched.
 * Nothing is typed before `ready`.
 */
export function typing(fd: number, ready: Promise<void>): Input {
  let open = true;
  let queue = ready;
  const put = async (data: Uint8Array): Promise<void> => {
    let wait: number = PATIENCE[0];
    for (let at = 0; open && at < data.length; ) {
      try {
        at += writeSync(fd, data, at);
        wait = PATIENCE[0];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
        await Bun.sleep(wait);
        wait = Math.min(2 * wait, PATIENCE[1]);
      }
    }
  };
  return {
    write(data) {
      queue = queue.then(() => put(data));
      return queue;
    },
    close() {
      open = false;
    },
  };
}
