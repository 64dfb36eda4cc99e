/**
 * The far end of `exec` and `console` for tests of the client's streams: it speaks the API's frames on a unix socket
 * and runs the command on this host. Flow control is strict: it never has more than WINDOW bytes unacknowledged, and
 * tells when the client had.
 */
import type { ServerWebSocket } from "bun";

const WINDOW = 1 << 20;

interface Ask {
  command: string[];
  env?: Record<string, string>;
  cwd?: string;
  tty?: boolean;
  columns?: number;
  rows?: number;
  stdin?: boolean;
}

interface State {
  ask?: Ask;
  stdin?: Bun.FileSink | undefined;
  kill: (signal: NodeJS.Signals) => void;
  terminal?: Bun.Terminal;
  credit: number;
  wake: () => void;
  /** Bytes of stdin received and not yet written on. */
  held: number;
  writing: Promise<unknown>;
}
type Socket = ServerWebSocket<State>;

export interface FramesServer {
  /** Value of WARREN_DIR that leads to it. */
  dir: string;
  /** Most stdin bytes that ever were unacknowledged. */
  mostHeld(): number;
  /** Text frames received, in order. */
  messages: unknown[];
  stop(): Promise<void>;
}

/** Serves frames at `dir/run/warren.sock`; other requests go to `fetch`. */
export function serveFrames(
  dir: string,
  fetch: (request: Request) => Response | Promise<Response> = () => new Response("", { status: 404 }),
): FramesServer {
  let most = 0;
  const messages: unknown[] = [];

  async function forward(ws: Socket, stream: ReadableStream<Uint8Array>, kind: 1 | 2): Promise<void> {
    for await (const chunk of stream) await sendData(ws, chunk, kind);
  }

  async function sendData(ws: Socket, chunk: Uint8Array, kind: 1 | 2): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      while (ws.data.credit === 0) await new Promise<void>((next) => (ws.data.wake = next));
      const size = Math.min(ws.data.credit, 65_536, chunk.length - at);
      ws.data.credit -= size;
      const frame = new Uint8Array(size + 1);
      frame[0] = kind;
      frame.set(chunk.subarray(at, at + size), 1);
      ws.send(frame);
      at += size;
    }
  }

  async function begin(ws: Socket, ask: Ask): Promise<void> {
    const env = { PATH: process.env.PATH ?? "", ...ask.env };
    const { command: cmd } = ask;
    ws.data.ask = ask;
    ws.send(JSON.stringify({ type: "started" }));
    if (ask.tty) {
      let tail: Promise<unknown> = Promise.resolve();
      const child = Bun.spawn({
        cmd,
        env,
        terminal: {
          cols: ask.columns ?? 80,
          rows: ask.rows ?? 24,
          data(_terminal, data) {
            const copy = data.slice();
            tail = tail.then(() => sendData(ws, copy, 1));
          },
        },
      });
      ws.data.terminal = child.terminal!;
      ws.data.kill = (signal) => child.kill(signal);
      const code = await child.exited;
      await Bun.sleep(20);
      await tail;
      ws.send(JSON.stringify({ type: "exit", code }));
      return;
    }
    const child = Bun.spawn({
      cmd,
      env,
      stdin: ask.stdin ? "pipe" : "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    ws.data.stdin = ask.stdin ? (child.stdin as Bun.FileSink) : undefined;
    ws.data.kill = (signal) => child.kill(signal);
    const [, , code] = await Promise.all([
      forward(ws, child.stdout, 1),
      forward(ws, child.stderr, 2),
      child.exited,
    ]);
    ws.send(JSON.stringify({ type: "exit", code }));
  }

  function input(ws: Socket, data: Uint8Array): void {
    const { stdin, terminal } = ws.data;
    ws.data.held += data.length;
    most = Math.max(most, ws.data.held);
    ws.data.writing = ws.data.writing.then(async () => {
      if (terminal) terminal.write(data);
      else {
        stdin?.write(data);
        await stdin?.flush();
      }
      ws.data.held -= data.length;
      ws.send(JSON.stringify({ type: "ack", bytes: data.length }));
    });
    ws.data.writing = ws.data.writing.catch(() => undefined);
  }

  function told(ws: Socket, message: { type?: string } & Record<string, unknown>): void {
    const { stdin, terminal } = ws.data;
    if (!ws.data.ask) void begin(ws, message as unknown as Ask);
    else if (message.type === "ack") {
      ws.data.credit += message.bytes as number;
      ws.data.wake();
    } else if (message.type === "eof") ws.data.writing.then(() => stdin?.end());
    else if (message.type === "signal") ws.data.kill(message.signal as NodeJS.Signals);
    else if (message.type === "resize") terminal?.resize(message.columns as number, message.rows as number);
  }

  const server = Bun.serve<State>({
    unix: `${dir}/run/warren.sock`,
    fetch(request, self) {
      const { pathname } = new URL(request.url);
      const data: State = {
        credit: WINDOW,
        wake: () => undefined,
        kill: () => undefined,
        held: 0,
        writing: Promise.resolve(),
      };
      if (/\/(exec|console)$/.test(pathname) && self.upgrade(request, { data })) return undefined as never;
      return fetch(request);
    },
    websocket: {
      idleTimeout: 0,
      maxPayloadLength: 4 << 20,
      message(ws, data) {
        if (typeof data !== "string") return input(ws, data.slice(1));
        const message = JSON.parse(data);
        messages.push(message);
        told(ws, message);
      },
      close(ws) {
        ws.data.kill("SIGKILL");
        ws.data.terminal?.close();
      },
    },
  });
  return { dir, messages, mostHeld: () => most, stop: () => server.stop(true) };
}
