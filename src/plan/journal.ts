/**
 * The first file of a guest's systemd journal, empty and small.
 *
 * journald reserves each file that it makes (posix_fallocate(3)), half a MiB at the least, of which a freshly booted guest fills
 * a sixth. A file that is there it takes as it is, and reserves the rest when it needs more.
 * Format: JOURNAL_FILE_FORMAT and journal-def.h of systemd.
 */

/**
 * Room for what an idle guest logs in its first boot, 72 to 84 KB, and some more. All of it is really on disk: a hole that could not
 * be filled on a full disk would cost the whole file (journald gets SIGBUS and punches out what it puts away).
 */
const SIZE = 98_304;

/**
 * The header's size in each release whose journald takes such a file as its own: 252 (Debian 12), and 254 to 257 (Ubuntu 24.04,
 * Debian 13). One that finds another size than its own moves the file away as damaged.
 */
const HEADER_SIZES = new Map([
  [252, 264],
  [254, 272],
  [255, 272],
  [256, 272],
  [257, 272],
]);

/** Payloads are hashed with the file's id, compressed with zstd, and offsets have 32 bits. */
const INCOMPATIBLE = (1 << 2) | (1 << 3) | (1 << 4);
/** The header tells the boot of the last entry only; since 254, and refused by those before. */
const TAIL_ENTRY_BOOT_ID = 1 << 1;

const OBJECT_HEADER = 16;
const HASH_ITEM = 16;
const FIELD_TABLE = { type: 5, size: 333 * HASH_ITEM };
/**
 * Half of the 2047 items that journald takes: a boot uses 280, and half is 16 KB less to begin with. The file is put away when
 * three quarters are used, so only this first one is put away sooner; those after it are journald's own.
 */
const DATA_TABLE = { type: 4, size: 1023 * HASH_ITEM };

/**
 * An empty journal for `machine` (32 hexadecimal digits) as journald of systemd `release` makes it; `file`
 * is a random id of the same form. `null` for a release whose format isn't known.
 */
export function emptyJournal(release: number, machine: string, file: string): Uint8Array | null {
  const header = HEADER_SIZES.get(release);
  if (header === undefined) return null;
  const fields = header;
  const data = fields + OBJECT_HEADER + FIELD_TABLE.size;
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  const number = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  const table = (at: number, { type, size }: typeof DATA_TABLE, told: number): void => {
    view.setUint8(at, type);
    number(at + 8, OBJECT_HEADER + size);
    number(told, at + OBJECT_HEADER);
    number(told + 8, size);
  };
  bytes.set(new TextEncoder().encode("LPKSHHRH"));
  view.setUint32(8, header > 264 ? TAIL_ENTRY_BOOT_ID : 0, true);
  view.setUint32(12, INCOMPATIBLE, true);
  bytes.set(Uint8Array.fromHex(file), 24);
  bytes.set(Uint8Array.fromHex(machine), 40);
  // What numbers its entries is the file itself, until journald says otherwise.
  bytes.set(Uint8Array.fromHex(file), 72);
  number(88, header);
  number(96, SIZE - header);
  table(data, DATA_TABLE, 104);
  table(fields, FIELD_TABLE, 120);
  number(136, data);
  number(144, 2);
  return bytes;
}
