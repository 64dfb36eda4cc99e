/** Where bytes go to a process or a file, as Bun has it. */
type Sink = Pick<Bun.FileSink, "write" | "flush">;

/**
 * Writes and resolves once the kernel took the bytes; rejects when the reader is gone (EPIPE) or the disk is full. Both
 * steps may fail on their own, and a failure that nobody waits for would end the whole program.
 */
export async function put(sink: Sink, data: string | Uint8Array<ArrayBufferLike>): Promise<void> {
  await Promise.all([sink.write(data), sink.flush()]);
}
