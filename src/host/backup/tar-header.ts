/** Headers of the outer archive: POSIX.1-1988 ustar, regular files with short names and nothing else. Pure. */

/** Bytes of a tar's block. */
export const BLOCK = 512;
/** The last member. */
export const END = "end.json";

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

/** A member's header. Its time is none, so that equal content gives equal archives. */
export function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, "latin1");
  block.write(octal(0o600, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\x0000", 257, "latin1");
  block.write(octal(sum(block), 7), 148);
  return block;
}

/** What fills up the last block of `size` bytes. */
export const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

const sum = (block: Uint8Array): number => block.reduce((total, byte) => total + byte, 0);

/** Names Warren writes. */
const NAME = /^[a-z0-9][a-z0-9./-]{0,98}$/;

/** Name and size by a header of ours, `null` for anything else. */
export function readHeader(block: Buffer): { name: string; size: number } | null {
  const name = block.toString("latin1", 0, 100).replace(/\0.*$/s, "");
  const size = Number.parseInt(block.toString("latin1", 124, 135), 8);
  const blank = Buffer.from(block);
  blank.write("        ", 148);
  const right = Number.parseInt(block.toString("latin1", 148, 154), 8) === sum(blank);
  const plain = block[156] === 0x30 && block.toString("latin1", 257, 262) === "ustar";
  return right && plain && NAME.test(name) && Number.isSafeInteger(size) && size >= 0 ? { name, size } : null;
}
