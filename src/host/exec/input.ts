import { closeSync } from "node:fs";
import { put as toSink } from "./put.ts";

/** What a process reads from us. */
export interface Input {
  /** Resolves once the kernel took the bytes; bytes for a reader that is gone are dropped, as a shell does. */
  write(data: Uint8Array): Promise<void>;
  close(): void;
}

/** Writes to `fd` in order, waiting where the reader is slow; closes it. */
export function input(fd: number): Input {
  const sink = Bun.file(fd).writer();
  let open = true;
  let queue: Promise<unknown> = Promise.resolve();
  const shut = (): void => {
    if (!open) return;
    open = false;
    void Promise.resolve(sink.end()).catch(() => undefined);
    closeSync(fd);
  };
  const put = async (data: Uint8Array): Promise<void> => {
    if (!open) return;
    try {
      // The sink keeps no copy it could outgrow: at most one write is under way.
      await toSink(sink, data);
    } catch {
      shut();
    }
  };
  return {
    write(data) {
      const done = queue.then(() => put(data));
      queue = done;
      return done;
    },
    close() {
      queue = queue.then(shut);
    },
  };
}
