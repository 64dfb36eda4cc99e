import { WarrenError } from "../spec/errors.ts";
import { WINDOW } from "./outlet.ts";

/** Frames that may wait before they are put together, so that many tiny ones don't cost more than their bytes. */
const MOST_FRAMES = 256;

/** What comes from a client for the command's standard input. */
export interface Intake {
  /** Takes data, in order; throws USAGE when the client sent more than it may. */
  take(data: Uint8Array): void;
  /** After all that was taken: no more comes. */
  end(): void;
  /** From now on data is written; what came before waited. */
  begin(): void;
  close(): void;
}

export function createIntake(o: {
  write(data: Uint8Array): Promise<void>;
  end(): void;
  acknowledge(bytes: number): void;
}): Intake {
  let queue: Uint8Array[] = [];
  let held = 0;
  let state: "waiting" | "idle" | "writing" | "closed" = "waiting";
  let ending = false;

  const pump = async (): Promise<void> => {
    if (state !== "idle") return;
    state = "writing";
    while (queue.length > 0) {
      const data = queue.length === 1 ? queue[0]! : Buffer.concat(queue);
      queue = [];
      await o.write(data).catch(() => undefined);
      held -= data.length;
      if (isClosed()) return;
      o.acknowledge(data.length);
    }
    state = "idle";
    if (ending) {
      state = "closed";
      o.end();
    }
  };
  const isClosed = (): boolean => state === "closed";

  return {
    take(data) {
      if (isClosed() || ending) return;
      held += data.length;
      if (held > WINDOW)
        throw new WarrenError(
          "USAGE",
          `more than ${WINDOW} bytes were sent without an acknowledgement`,
          "wait for ack",
        );
      queue.push(data);
      if (queue.length > MOST_FRAMES) queue = [Buffer.concat(queue)];
      void pump();
    },
    end() {
      ending = true;
      void pump();
    },
    begin() {
      if (isClosed()) return;
      state = "idle";
      void pump();
    },
    close() {
      state = "closed";
      queue = [];
    },
  };
}
