import { type ErrorBody, WarrenError } from "../spec/errors.ts";
import { type Client, unreachable } from "./client.ts";
import type { Terminal } from "./terminal.ts";

/** Most data bytes on their way in one direction that the other side has not acknowledged. */
const WINDOW = 1 << 20;
const FRAME = 64 << 10;
/** First byte of a binary frame. */
const STDIN = 0;
const STDERR = 2;

/** Signals passed on to the command, and what the shell adds 128 to. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15, SIGUSR1: 10, SIGUSR2: 12 } as const;
/** A command that ignores signals is left at the third one. */
const ENOUGH_SIGNALS = 3;

export interface Attach {
  client: Client;
  /** Address of the WebSocket, `/v1/...`. */
  path: string;
  /** What to begin with; found out while the socket is being opened. */
  session: Promise<Session>;
}

/** One command or console. */
export interface Session {
  /** The first frame: what is asked for. */
  first: unknown;
  /** Standard input, opened once the command has started; `null` for none. */
  input: (() => ReadableStream<Uint8Array>) | null;
  terminal?: Terminal | undefined;
  /** Called once it has begun. */
  begun?: () => void;
  /** Sees the input first; `null` leaves the session. */
  filter?: (chunk: Uint8Array) => Uint8Array | null;
}

type Message =
  | { type: "started" }
  | { type: "exit"; code: number }
  | { type: "error"; error: ErrorBody }
  | { type: "ack"; bytes: number };

/**
 * Ties this process' standard streams to a command or console in a container.
 *
 * Bytes are acknowledged after they were really written, so neither side ever holds more than WINDOW of them. Resolves
 * with the exit code. Throws the API's error, or UNREACHABLE when no daemon was there or it went away.
 */
export function attach(o: Attach): Promise<number> {
  const { client } = o;
  const socket = new WebSocket(`ws+unix://${client.socket}:${o.path}`);
  socket.binaryType = "arraybuffer";
  let free = WINDOW;
  let wake = (): void => undefined;
  let written: Promise<unknown> = Promise.resolve();
  let opened = false;
  let session: Session | undefined;
  let started = false;
  let ended = false;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const tell = (message: unknown): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  async function pump(input: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of input) {
      const data = session?.filter ? session.filter(chunk) : chunk;
      if (data === null) return resolve(0);
      for (let at = 0; at < data.length && !ended; ) {
        if (free === 0) await new Promise<void>((next) => (wake = next));
        const size = Math.min(free, FRAME, data.length - at);
        const frame = new Uint8Array(size + 1);
        frame[0] = STDIN;
        frame.set(data.subarray(at, at + size), 1);
        socket.send(frame);
        free -= size;
        at += size;
      }
      if (ended) return;
    }
    tell({ type: "eof" });
  }

  function onMessage(message: Message): void {
    if (message.type === "ack") {
      free += message.bytes;
      wake();
    } else if (message.type === "exit") written.then(() => resolve(message.code), reject);
    else if (message.type === "error") written.then(() => reject(WarrenError.from(message.error)), reject);
    else if (message.type === "started" && !started) {
      started = true;
      session?.begun?.();
      if (session?.input) pump(session.input()).catch(reject);
    }
  }

  async function begin(): Promise<void> {
    session = await o.session;
    if (ended) return;
    const { terminal, first } = session;
    terminal?.onResize((columns, rows) => tell({ type: "resize", columns, rows }));
    terminal?.raw(true);
    tell(first);
  }

  socket.onopen = () => {
    opened = true;
    begin().catch(reject);
  };
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === "string") {
      try {
        onMessage(JSON.parse(data) as Message);
      } catch (error) {
        reject(
          new WarrenError(
            "BUG",
            "the daemon sent a frame that is not JSON",
            "see the daemon's log",
            {},
            error,
          ),
        );
      }
      return;
    }
    const to = new Uint8Array(data, 0, 1)[0] === STDERR ? Bun.stderr : Bun.stdout;
    const bytes = new Uint8Array(data, 1);
    written = written.then(() => Bun.write(to, bytes)).then(() => tell({ type: "ack", bytes: bytes.length }));
    written.catch(reject);
  };
  socket.onerror = () => undefined; // Bun tells the reason on close only; what matters is asked for in `refusal`.
  socket.onclose = () => {
    // A last frame may still be on its way to standard output.
    written.then(() => reject(opened ? lost(client) : new Refused()), reject);
  };

  // What is wrong with the session itself is told even when no daemon is there.
  o.session.catch(reject);
  let signals = 0;
  const handlers = Object.entries(SIGNALS).map(([signal, number]) => {
    const handler = (): void => {
      signals++;
      if (signals >= ENOUGH_SIGNALS) resolve(128 + number);
      else tell({ type: "signal", signal });
    };
    process.on(signal, handler);
    return { signal, handler };
  });

  return promise.finally(() => {
    ended = true;
    wake();
    session?.terminal?.raw(false);
    for (const { signal, handler } of handlers) process.off(signal, handler);
    socket.close();
  });
}

/** The daemon would not open the WebSocket; a plain request tells why. */
export class Refused extends Error {}

const lost = (client: Client): WarrenError =>
  new WarrenError(
    "FAILED",
    `the daemon on ${client.socket} went away while the command ran`,
    "see `warren daemon status`; the command may have been ended",
  );

/** Why a WebSocket was refused: the error of asking for the container, or UNREACHABLE. */
export async function refusal(client: Client, container: string): Promise<WarrenError> {
  try {
    await client.get(container);
  } catch (error) {
    if (error instanceof WarrenError) return error;
  }
  return unreachable(client.socket, "refused");
}
