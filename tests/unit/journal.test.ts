/** The first file of a guest's journal, byte by byte as JOURNAL_FILE_FORMAT has it. */
import { describe, expect, test } from "bun:test";
import { emptyJournal } from "../../src/plan/journal.ts";

const MACHINE = "0123456789abcdef0123456789abcdef";
const FILE = "fedcba9876543210fedcba9876543210";

for (const { release, header, compatible } of [
  { release: 252, header: 264, compatible: 0 },
  { release: 254, header: 272, compatible: 2 },
  { release: 257, header: 272, compatible: 2 },
])
  describe(`for systemd ${release}`, () => {
    const start = emptyJournal(release, MACHINE, FILE)!;
    const view = new DataView(start.buffer);
    const number = (at: number) => Number(view.getBigUint64(at, true));
    const hex = (at: number, length: number) => start.slice(at, at + length).toHex();

    test("the header names machine, file, sizes and flags, and that nobody writes", () => {
      expect(new TextDecoder().decode(start.slice(0, 8))).toBe("LPKSHHRH");
      expect([view.getUint32(8, true), view.getUint32(12, true), start[16]]).toEqual([compatible, 28, 0]);
      expect([hex(24, 16), hex(40, 16), hex(72, 16)]).toEqual([FILE, MACHINE, FILE]);
      expect([number(88), number(88) + number(96), start.length]).toEqual([header, 98_304, 98_304]);
    });

    test("it holds two tables, one behind the other, and no entry", () => {
      const tables = [120, 104].map((at) => ({ at: number(at), size: number(at + 8) }));
      expect(tables[0]).toEqual({ at: header + 16, size: 333 * 16 });
      expect(tables[1]).toEqual({ at: header + 16 + 333 * 16 + 16, size: 1023 * 16 });
      expect(tables.map(({ at }) => [start[at - 16], number(at - 8)])).toEqual([
        [5, 333 * 16 + 16],
        [4, 1023 * 16 + 16],
      ]);
      expect([number(136), number(144), number(152)]).toEqual([tables[1]!.at - 16, 2, 0]);
      expect(start.slice(tables[1]!.at).every((byte) => byte === 0)).toBe(true);
    });
  });

test.each([0, 219, 251, 253, 258])("systemd %p makes its own", (release) => {
  expect(emptyJournal(release, MACHINE, FILE)).toBeNull();
});
