/** Makes a byte stream of an iterator: pulled one piece at a time, ended by `stop` when the reader goes away. */
export function streamOf(pieces: AsyncIterable<Uint8Array>, stop: () => void): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { value, done } = await iterator.next();
          if (done) return controller.close();
          if (value.length === 0) continue;
          return controller.enqueue(value);
        }
      },
      async cancel() {
        stop();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Hands on `items`, and `beat` whenever `every` milliseconds pass without one. */
export async function* withHeartbeat<T>(items: AsyncIterable<T>, every: number, beat: T): AsyncIterable<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (let next = iterator.next(); ; ) {
      let timer: Timer | undefined;
      const quiet = new Promise<null>((resolve) => {
        timer = setTimeout(resolve, every, null);
      });
      const first = await Promise.race([next, quiet]);
      clearTimeout(timer);
      if (first === null) {
        yield beat;
        continue;
      }
      if (first.done) return;
      yield first.value;
      next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}

/** Passes a stream on and tells when it was read to its end, failed, or was given up. */
export function watched(source: ReadableStream<Uint8Array>): {
  stream: ReadableStream<Uint8Array>;
  taken: Promise<void>;
} {
  const reader = source.getReader();
  const { promise: taken, resolve } = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { value, done } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        resolve();
      },
      async cancel() {
        resolve();
        await reader.cancel();
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, taken };
}
