/** Writes tar archives byte by byte, so that tests can make the ones no tar would. POSIX.1-1988 ustar with pax headers. */

export interface Entry {
  name: string | Buffer;
  type?: "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";
  data?: string | Uint8Array;
  target?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  /** Major and minor number. */
  device?: [number, number];
  /** What the header says instead of the data's length. */
  size?: number;
  /** Records of an extended header in front. */
  pax?: Record<string, string>;
}

const FLAGS = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};
const BLOCK = 512;
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

function header(entry: Entry, flag: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.set(Buffer.from(entry.name).subarray(0, 100), 0);
  block.write(octal(entry.mode ?? (flag === "5" ? 0o755 : 0o644), 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(1_700_000_000, 12), 136);
  block.write("        ", 148);
  block.write(flag, 156);
  block.write(entry.target ?? "", 157, 100);
  block.write("ustar\x0000", 257, "latin1");
  const [major, minor] = entry.device ?? [0, 0];
  block.write(octal(major, 8), 329);
  block.write(octal(minor, 8), 337);
  block.write(
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  return block;
}

const padded = (data: Uint8Array): Buffer => Buffer.concat([data], Math.ceil(data.length / BLOCK) * BLOCK);

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}

/** The bytes of an archive with these entries. */
export function archive(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    if (entry.pax) {
      const text = Buffer.from(
        Object.entries(entry.pax)
          .map(([key, value]) => record(key, value))
          .join(""),
      );
      blocks.push(header({ name: "pax" }, "x", text.length), padded(text));
    }
    const data = Buffer.from(entry.data ?? "");
    blocks.push(header(entry, FLAGS[entry.type ?? "file"], entry.size ?? data.length), padded(data));
  }
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

/** An ELF head that says "a program for this machine", enough to be found as an init. */
export function program(): Buffer {
  const elf = Buffer.alloc(64);
  elf.write("\x7fELF\x02\x01\x01", "latin1");
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(process.arch === "arm64" ? 183 : 62, 18);
  return elf;
}

/** The least that Warren takes for a system: directories and an init. */
export const SYSTEM: readonly Entry[] = [
  { name: "etc/", type: "directory" },
  { name: "sbin/", type: "directory" },
  { name: "sbin/init", data: program(), mode: 0o755 },
];
