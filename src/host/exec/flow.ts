import { WarrenError } from "../../spec/errors.ts";
import { TOOL_PATH } from "./index.ts";
import { put } from "./put.ts";
import { notStarted } from "./text.ts";

export interface FlowOptions {
  /** What it reads, pulled only as fast as it reads; nothing unless told. */
  input?: ReadableStream<Uint8Array> | undefined;
  cwd?: string;
  signal?: AbortSignal | undefined;
  /** Milliseconds until it is killed. */
  timeout: number;
  env?: Record<string, string>;
  /** Called with the number of bytes of `input` it has taken so far. */
  onInput?: (bytes: number) => void;
  /** Called with each line of standard error as it comes. */
  onErrorLine?: (line: string) => void;
}

/** A tool at work on a stream. */
export interface Flow {
  stdout: ReadableStream<Uint8Array>;
  /** Kills it; `ended` then rejects with `why`. */
  stop(why: WarrenError): void;
  /** Its exit code and the last of its standard error; rejects with TIMEOUT, CANCELLED or what `stop` was given. */
  ended: Promise<{ code: number; stderr: string }>;
}

/** Most that is kept of standard error. */
const KEEP = 1 << 20;

/** Starts a tool whose input and output are streams. Throws UNSUPPORTED when it isn't installed. */
export function flow(argv: readonly string[], options: FlowOptions): Flow {
  const { input, cwd, signal, timeout, env = {} } = options;
  let child: Bun.Subprocess<"pipe" | "ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn({
      cmd: [...argv],
      stdin: input ? "pipe" : "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: TOOL_PATH, LC_ALL: "C.UTF-8", ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
  } catch (error) {
    throw notStarted(argv, error);
  }
  let reason: WarrenError | undefined;
  const stop = (why: WarrenError): void => {
    reason ??= why;
    child.kill("SIGKILL");
  };
  const onAbort = () => stop(new WarrenError("CANCELLED", `${argv[0]} was cancelled`));
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const timer = setTimeout(
    () =>
      stop(new WarrenError("TIMEOUT", `${argv[0]} did not end within ${timeout} ms`, "try again", { argv })),
    timeout,
  );
  const ended = (async () => {
    const said = lastWords(child.stderr, options.onErrorLine);
    const fed = input && child.stdin ? feed(input, child.stdin, stop, options.onInput) : undefined;
    try {
      const code = await child.exited;
      fed?.giveUp();
      await fed?.done;
      const stderr = await said;
      if (reason) throw reason;
      return { code, stderr };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  })();
  // Whoever only reads stdout learns of a failure there; nobody must be forced to look at `ended` too.
  ended.catch(() => undefined);
  return { stdout: child.stdout, stop, ended };
}

/** Pumps a stream into a process; a process that wants no more is no error, a stream that breaks is. */
function feed(
  input: ReadableStream<Uint8Array>,
  sink: Bun.FileSink,
  stop: (why: WarrenError) => void,
  told?: (bytes: number) => void,
): { giveUp(): void; done: Promise<void> } {
  const reader = input.getReader();
  let gone = false;
  const done = (async () => {
    let bytes = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || gone) break;
        await put(sink, value);
        bytes += value.byteLength;
        told?.(bytes);
      }
    } catch (error) {
      if (!gone && (error as { code?: string }).code !== "EPIPE")
        stop(new WarrenError("FAILED", `the input broke off: ${(error as Error).message}`, "send it again"));
    } finally {
      await Promise.resolve(sink.end()).catch(() => undefined);
      await reader.cancel().catch(() => undefined);
    }
  })();
  return {
    done,
    giveUp() {
      gone = true;
      void reader.cancel().catch(() => undefined);
    },
  };
}

async function lastWords(stream: ReadableStream<Uint8Array>, each?: (line: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let line = "";
  for await (const chunk of stream) {
    const piece = decoder.decode(chunk, { stream: true });
    text += piece;
    if (text.length > 2 * KEEP) text = text.slice(-KEEP);
    const lines = (line + piece).split("\n");
    line = lines.pop() ?? "";
    if (each) lines.forEach(each);
  }
  return text;
}
