/**
 * The only room that starts processes.
 *
 * Arguments are arrays, never a shell's string. The environment is the one given, never the daemon's own. Every
 * wait has an end. What must never happen here: reading a guest's file, building a command line out of text.
 */
import { WarrenError } from "../../spec/errors.ts";
import { put } from "./put.ts";
import { commandFailure, notStarted } from "./text.ts";

/** PATH of every tool; without /usr/bin in front the tools' own look-ups would differ between hosts. */
export const TOOL_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

export interface RunOptions {
  /** Milliseconds until it is killed; 30 000 unless told. */
  timeout?: number;
  /** What it reads; nothing unless told. */
  input?: string | Uint8Array | undefined;
  env?: Record<string, string>;
  cwd?: string;
  signal?: AbortSignal | undefined;
  /** Exit codes that are not failures; 0 unless told. */
  ok?: readonly number[];
  /** Starts it: what must be done around the start, on this thread, belongs here. */
  around?: <Child>(start: () => Child) => Child;
  /** Called with each piece of standard error as it comes. */
  onStderr?: (text: string) => void;
  /** Called with each piece of standard output as it comes. */
  onStdout?: (text: string) => void;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Most that is kept of a tool's output; more than that is cut from the front. */
const KEEP = 1 << 20;

/** Milliseconds that the pipes of an ended tool may take to run empty. */
const GRACE = 2_000;

async function collect(stream: ReadableStream<Uint8Array>, each?: (text: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const piece = decoder.decode(chunk, { stream: true });
    each?.(piece);
    text += piece;
    if (text.length > 2 * KEEP) text = text.slice(-KEEP);
  }
  return text + decoder.decode();
}

/** Gives a tool all it is to read; one that wants no more is no error. */
async function give(sink: Bun.FileSink, input: string | Uint8Array): Promise<void> {
  await put(sink, input).catch(() => undefined);
  await Promise.resolve(sink.end()).catch(() => undefined);
}

/**
 * Runs a tool to its end.
 *
 * Throws FAILED (with argv, code and the end of its standard error in `details`), TIMEOUT, CANCELLED, or
 * UNSUPPORTED when the tool isn't installed.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { timeout = 30_000, input, env = {}, cwd, signal, ok = [0], around = (start) => start() } = options;
  let child: Bun.Subprocess<"ignore" | "pipe", "pipe", "pipe">;
  try {
    child = around(() =>
      Bun.spawn({
        cmd: [...argv],
        stdin: input === undefined ? "ignore" : "pipe",
        stdout: "pipe",
        stderr: "pipe",
        env: { PATH: TOOL_PATH, LC_ALL: "C.UTF-8", ...env },
        ...(cwd === undefined ? {} : { cwd }),
      }),
    );
  } catch (error) {
    throw notStarted(argv, error);
  }
  let ended: "timeout" | "cancelled" | undefined;
  const end = (why: "timeout" | "cancelled") => () => {
    ended ??= why;
    child.kill("SIGKILL");
  };
  const timer = setTimeout(end("timeout"), timeout);
  const onAbort = end("cancelled");
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    // Beside its output, for it may say more than a pipe holds before it has read all.
    if (input !== undefined && child.stdin) void give(child.stdin, input);
    const said = Promise.all([
      collect(child.stdout, options.onStdout),
      collect(child.stderr, options.onStderr),
    ]);
    const code = await child.exited;
    // A process it left behind may hold the pipes open for ever: what was said until now is what counts.
    const [stdout, stderr] = await Promise.race([
      said,
      Bun.sleep(GRACE).then((): [string, string] => ["", ""]),
    ]);
    if (ended === "timeout")
      throw new WarrenError("TIMEOUT", `${argv[0]} did not end within ${timeout} ms`, "try again", {
        argv,
        stderr,
      });
    if (ended === "cancelled") throw new WarrenError("CANCELLED", `${argv[0]} was cancelled`);
    if (!ok.includes(code)) throw commandFailure(argv, code, stdout, stderr);
    return { code, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Path of a tool on the host, or `null`. */
export function which(tool: string): string | null {
  return Bun.which(tool, { PATH: TOOL_PATH });
}
