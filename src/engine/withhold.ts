/** Most that is held back. */
const MOST = 64 * 1024;

/**
 * Passes a stream on, except that output which begins with `prefix` is held until `verdict`: a tool's own complaint
 * is told by us in better words, but a command that happens to write the same loses nothing.
 */
export function withhold(
  source: ReadableStream<Uint8Array>,
  prefix: string,
  verdict: Promise<{ replaceBy: string | null }>,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const expected = new TextEncoder().encode(prefix);
  let held: Uint8Array | null = new Uint8Array();
  const suspicious = (bytes: Uint8Array): boolean =>
    bytes.length < MOST && bytes.subarray(0, expected.length).every((byte, i) => byte === expected[i]);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { value, done } = await reader.read();
          if (value && held === null) return controller.enqueue(value);
          if (value) {
            held = Buffer.concat([held!, value]);
            if (suspicious(held)) continue;
            controller.enqueue(held);
            held = null;
            return;
          }
          if (!done) continue;
          const { replaceBy } = await verdict;
          if (replaceBy !== null) held = new TextEncoder().encode(replaceBy);
          if (held && held.length > 0) controller.enqueue(held);
          return controller.close();
        }
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
}
