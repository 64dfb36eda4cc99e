import { WarrenError } from "../../spec/errors.ts";
import { flow } from "../exec/flow.ts";
import { BLOCK, END, header, padding } from "./tar-header.ts";

/** A part of an archive: text under a name, or a stream that is cut into numbered pieces below the name. */
export type Piece = { name: string; text: string } | { name: string; open(): ReadableStream<Uint8Array> };

/** Bytes of a piece of a stream, whose length must be known before it is written. */
const PIECE = 1 << 20;
/** A day: a slow reader is no fault. */
const LONGEST = 86_400_000;

/**
 * An archive of pieces, compressed with zstd, made as fast as it is read: a tar whose last member is the SHA-256 of all before it.
 * Breaks when a piece does; `over` resolves when all is done, in whatever way.
 */
export function writeArchive(
  pieces: AsyncIterable<Piece>,
  signal?: AbortSignal,
): { stream: ReadableStream<Uint8Array>; over: Promise<void> } {
  const plain = tar(pieces);
  const input = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await plain.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await plain.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  const zstd = flow(["zstd", "-q", "-T0", "-3", "-c"], { input, signal, timeout: LONGEST });
  const reader = zstd.stdout.getReader();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      // Said at the end: an export that broke off must not look like one that ended.
      const { code, stderr } = await zstd.ended;
      if (code !== 0)
        throw new WarrenError("FAILED", `zstd ended with ${code}`, "see details.stderr", { stderr });
      controller.close();
    },
    cancel: () => zstd.stop(new WarrenError("CANCELLED", "the export was cancelled")),
  });
  const over = zstd.ended.then(
    () => undefined,
    () => undefined,
  );
  return { stream, over };
}

async function* tar(pieces: AsyncIterable<Piece>): AsyncGenerator<Uint8Array, void> {
  const hasher = new Bun.CryptoHasher("sha256");
  const hashed = (data: Uint8Array): Uint8Array => {
    hasher.update(data);
    return data;
  };
  function* member(name: string, data: Uint8Array): Generator<Uint8Array> {
    yield hashed(header(name, data.length));
    yield hashed(data);
    const rest = padding(data.length);
    if (rest.length > 0) yield hashed(rest);
  }
  for await (const piece of pieces) {
    if ("text" in piece) {
      yield* member(piece.name, Buffer.from(piece.text));
      continue;
    }
    let number = 0;
    for await (const data of inPieces(piece.open()))
      yield* member(`${piece.name}/${String(number++).padStart(8, "0")}`, data);
  }
  const sha256 = hasher.digest("hex");
  const end = Buffer.from(JSON.stringify({ sha256 }));
  yield header(END, end.length);
  yield Buffer.concat([end, padding(end.length), Buffer.alloc(2 * BLOCK)]);
}

/** The same bytes in pieces of one size, the last one shorter; one empty piece for an empty stream. */
async function* inPieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    held.push(chunk);
    size += chunk.length;
    if (size < PIECE) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; at + PIECE <= all.length; at += PIECE) yield all.subarray(at, at + PIECE);
    held = [all.subarray(at)];
    size = all.length - at;
  }
  if (size > 0) yield Buffer.concat(held);
}
