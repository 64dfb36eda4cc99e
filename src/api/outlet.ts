import type { ServerFrame } from "./schemas/exec.ts";

/** Most data bytes on their way to a client that it has not acknowledged. */
export const WINDOW = 1 << 20;
/** Most data bytes of one frame. */
const FRAME = 64 << 10;

/** The part of a WebSocket that is written to. */
interface Sink {
  /** -1 when the bytes wait in the socket, 0 when it is closed. */
  send(frame: string | Uint8Array): number;
  getBufferedAmount(): number;
  close(code?: number, reason?: string): void;
}

type Reader = ReturnType<ReadableStream<Uint8Array>["getReader"]>;

/** What goes to a client. */
export interface Outlet {
  tell(frame: ServerFrame): void;
  /** Sends all of a stream, no faster than the client takes it; resolves when it was handed over. */
  forward(stream: ReadableStream<Uint8Array>, kind: 1 | 2): Promise<void>;
  /** The client wrote `bytes` on. */
  acknowledged(bytes: number): void;
  /** We wrote `bytes` of the client on. */
  acknowledge(bytes: number): void;
  /** Sends the last frame and closes the socket when all has left. */
  last(frame: ServerFrame): void;
  drain(): void;
  close(): void;
}

export function createOutlet(sink: Sink): Outlet {
  let credit = WINDOW;
  let blocked = false;
  let closed = false;
  let ended = false;
  let owed = 0;
  const waiting = new Set<() => void>();
  const readers = new Set<Reader>();
  const wake = (): void => {
    for (const go of waiting) go();
    waiting.clear();
  };
  const send = (frame: string | Uint8Array): void => {
    if (closed) return;
    const result = sink.send(frame);
    if (result === -1) blocked = true;
  };
  const tell = (frame: ServerFrame): void => send(JSON.stringify(frame));
  // One acknowledgement for all that gathered: a client that does not read gets one, not a million.
  const pay = (): void => {
    if (blocked || owed === 0) return;
    tell({ type: "ack", bytes: owed });
    owed = 0;
  };
  const abandon = (reader: Reader): void => void reader.cancel().catch(() => undefined);
  const finish = (): void => {
    if (ended && !closed && sink.getBufferedAmount() === 0) sink.close(1000);
  };

  return {
    tell,
    async forward(stream, kind) {
      const reader = stream.getReader();
      readers.add(reader);
      if (closed) abandon(reader);
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return void readers.delete(reader);
        for (let at = 0; at < value.length; ) {
          while (!closed && (credit <= 0 || blocked)) await new Promise<void>((go) => waiting.add(go));
          if (closed) return;
          const size = Math.min(credit, FRAME, value.length - at);
          const frame = new Uint8Array(size + 1);
          frame[0] = kind;
          frame.set(value.subarray(at, at + size), 1);
          credit -= size;
          at += size;
          send(frame);
        }
      }
    },
    acknowledged(bytes) {
      credit = Math.min(credit + bytes, WINDOW);
      wake();
    },
    acknowledge(bytes) {
      owed += bytes;
      pay();
    },
    last(frame) {
      if (ended) return;
      tell(frame);
      ended = true;
      finish();
    },
    drain() {
      blocked = false;
      pay();
      wake();
      finish();
    },
    close() {
      closed = true;
      for (const reader of readers) abandon(reader);
      wake();
    },
  };
}
