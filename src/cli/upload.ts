import { WarrenError } from "../spec/errors.ts";
import type { OperationRecord } from "../spec/operation.ts";
import type { Context } from "./command.ts";
import { readable, streamOf } from "./local.ts";
import { progressLine } from "./progress.ts";
import { failureOf } from "./work.ts";

/** Seconds: the work reads the body while it is sent, so an answer before its end would cut it off. */
const LONG = 86_400;
/** Milliseconds between two looks at the progress. */
const BEAT = 200;

/** The same bytes, counted on their way. */
function counted(
  source: ReadableStream<Uint8Array>,
  count: (bytes: number) => void,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      count(value.length);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/**
 * Sends a local file (`-` is standard input) as the body of work, and waits for the work's end. Shows how much is sent on a
 * terminal. Ctrl-C breaks off, which undoes what was begun. Throws NO_FILE, USAGE, CANCELLED, the work's own error.
 */
export async function upload(
  ctx: Context,
  path: string,
  file: string,
  query: Record<string, string | undefined>,
): Promise<OperationRecord> {
  const stdin = file === "-";
  const found = stdin ? undefined : await readable(file);
  const regular = found?.isFile() ?? false;
  if (regular && found?.size === 0)
    throw new WarrenError("USAGE", `${file} is empty`, "name the file that was written");
  const total = regular ? Bun.file(file).size : 0;
  const shown = await ctx.out.isTerminal(2);
  let done = 0;
  const source = (): ReadableStream<Uint8Array> => (stdin ? Bun.stdin.stream() : streamOf(file));
  const body = shown ? counted(source(), (bytes) => (done += bytes)) : regular ? Bun.file(file) : source();
  const show = (): void => {
    const line = progressLine({
      step: done < total || !regular ? "send" : "unpack",
      done,
      total,
      unit: "bytes",
    });
    void Bun.write(Bun.stderr, `\r\x1b[K${line}`);
  };
  const timer = shown ? setInterval(show, BEAT) : undefined;
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.on("SIGINT", onInterrupt);
  try {
    const record = await ctx.client.work("POST", path, {
      body,
      query: { ...query, wait: LONG },
      signal: stop.signal,
    });
    const failure = failureOf(record);
    if (failure) throw failure;
    return record;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new WarrenError("CANCELLED", `sending ${file} was broken off`, "what was begun is undone");
  } finally {
    process.off("SIGINT", onInterrupt);
    clearInterval(timer);
    if (shown) await Bun.write(Bun.stderr, "\r\x1b[K");
  }
}
