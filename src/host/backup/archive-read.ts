import { asWarrenError, WarrenError } from "../../spec/errors.ts";
import { flow } from "../exec/flow.ts";
import { decompressor, MAGIC_BYTES } from "../tar/index.ts";
import { BLOCK, END, padding, readHeader } from "./tar-header.ts";

/** A member of an archive, or the first of the pieces of one. */
export interface Member {
  name: string;
  size: number;
}

/** Reads an archive in its order, each part once. */
export interface ArchiveReader {
  /** The next member; `null` after the last, once all that was read proved right. Throws BAD_VALUE. */
  next(): Promise<Member | null>;
  /** The text of the member that `next` gave. Throws BAD_VALUE when it is longer than `most` bytes. */
  text(member: Member, most: number): Promise<string>;
  /** The bytes of the pieces below `name`, of which `next` gave the first. */
  pieces(name: string, first: Member): ReadableStream<Uint8Array>;
  /** What was wrong with the archive, should a stream of pieces have broken off; those who read it hear less. */
  failure(): WarrenError | null;
  close(): void;
}

/** A day. */
const LONGEST = 86_400_000;

const broken = (what: string): WarrenError =>
  new WarrenError("BAD_VALUE", `the export is broken: ${what}`, "fetch it again; nothing was changed");

/** Reads what `writeArchive` wrote, from a hostile source. */
export async function readArchive(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<ArchiveReader> {
  const source = bytesOf(body);
  const program = decompressor(await source.peek(MAGIC_BYTES));
  const tool = program
    ? flow([...program.split(" "), "-d", "-c"], { input: source.rest(), signal, timeout: LONGEST })
    : null;
  const plain = tool ? bytesOf(tool.stdout) : source;
  const hasher = new Bun.CryptoHasher("sha256");
  let peeked: Member | null = null;
  let end: string | null = null;
  let failed: WarrenError | null = null;

  const read = async (size: number): Promise<Buffer> => {
    const data = await plain.take(size);
    if (data.length < size) {
      if (signal?.aborted) throw new WarrenError("CANCELLED", "the import was cancelled");
      throw broken("it ends too early");
    }
    return data;
  };
  /** A member's bytes and what fills up its last block. */
  const content = async (size: number): Promise<Buffer> => {
    const data = await read(size);
    hasher.update(data);
    hasher.update(await read(padding(size).length));
    return data;
  };
  const next = async (): Promise<Member | null> => {
    if (peeked) {
      const member = peeked;
      peeked = null;
      return member;
    }
    if (end !== null) return null;
    const block = await read(BLOCK);
    const member = readHeader(block);
    if (!member) throw broken("a header is not one of Warren's");
    if (member.name !== END) {
      hasher.update(block);
      return member;
    }
    end = hasher.digest("hex");
    const said = (await read(Math.min(member.size, BLOCK))).toString();
    if (said !== JSON.stringify({ sha256: end })) throw broken("its content is not what was written");
    return null;
  };

  return {
    next,
    async text({ name, size }, most) {
      if (size > most) throw broken(`${name} has ${size} bytes`);
      return (await content(size)).toString();
    },
    pieces(name, first) {
      let number = 0;
      let member: Member | null = first;
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            try {
              await pull(controller);
            } catch (error) {
              failed = asWarrenError(error);
              throw error;
            }
          },
        },
        { highWaterMark: 0 },
      );
      async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
        const wanted = `${name}/${String(number++).padStart(8, "0")}`;
        if (member?.name === wanted) {
          if (member.size > LARGEST) throw broken(`${member.name} has ${member.size} bytes`);
          controller.enqueue(await content(member.size));
          member = await next();
          return;
        }
        peeked = member;
        controller.close();
      }
    },
    failure: () => failed,
    close() {
      tool?.stop(new WarrenError("CANCELLED", "reading was ended"));
      void plain.cancel();
    },
  };
}

/** Most bytes of one piece. */
const LARGEST = 16 << 20;

/** A stream read in amounts of one's own. */
function bytesOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  let held: Buffer[] = [];
  let size = 0;
  const fill = async (wanted: number): Promise<void> => {
    while (size < wanted) {
      const { done, value } = await reader.read();
      if (done) return;
      held.push(Buffer.from(value));
      size += value.length;
    }
  };
  const shift = (wanted: number): Buffer => {
    const all = held.length === 1 ? held[0]! : Buffer.concat(held);
    const part = all.subarray(0, wanted);
    held = wanted < all.length ? [all.subarray(wanted)] : [];
    size = Math.max(0, size - wanted);
    return part;
  };
  return {
    /** That many bytes, fewer only at the end. */
    async take(wanted: number): Promise<Buffer> {
      if (wanted === 0) return Buffer.alloc(0);
      await fill(wanted);
      return shift(wanted);
    },
    async peek(wanted: number): Promise<Buffer> {
      await fill(wanted);
      return Buffer.concat(held).subarray(0, wanted);
    },
    /** All that is left. */
    rest: (): ReadableStream<Uint8Array> =>
      new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            if (size > 0) return controller.enqueue(shift(size));
            const { done, value } = await reader.read();
            if (done) controller.close();
            else controller.enqueue(value);
          },
          cancel: (why) => reader.cancel(why),
        },
        { highWaterMark: 0 },
      ),
    cancel: () => reader.cancel().catch(() => undefined),
  };
}
