/** Values for the rows of the table, made from what each row says of itself: property tests take new rows by themselves. */
import fc from "fast-check";
import type { LevelValue, LevelValues } from "../../src/spec/container.ts";
import { cpuListText } from "../../src/spec/cpulist.ts";
import type { Dialect, LevelHost, LevelRow } from "../../src/spec/level.ts";
import { LEVELS } from "../../src/spec/levels.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const list = fc
  .uniqueArray(fc.nat({ max: 3 }), { minLength: 1 })
  .map((all) => cpuListText(all.sort((a, b) => a - b)));

/** Values of a row's unit, not all of them allowed. */
function ofUnit({ codec, range }: LevelRow): fc.Arbitrary<LevelValue> {
  const min = Math.max(range.min ?? 0, -1000);
  const max = range.max ?? Number.MAX_SAFE_INTEGER;
  const whole = (most: number) => fc.integer({ min: Math.ceil(min), max: Math.min(max, most) });
  switch (codec.unit) {
    case "bytes":
      return fc.oneof(
        fc.integer({ min: Math.ceil(min / MIB), max: 512 }).map((n) => n * MIB),
        fc.integer({ min: 1, max: 8 }).map((n) => n * GIB),
      );
    case "bytes/s":
      return whole(10 ** 9);
    case "bits/s":
      // Kernels count in bytes.
      return whole(10 ** 9).map((n) => Math.ceil(n / 8) * 8);
    case "count":
    case "score":
      return whole(4096);
    case "weight":
      return whole(10_000);
    case "cpus":
      return fc.integer({ min: 1, max: 400 }).map((n) => n / 100);
    case "seconds":
      return fc.integer({ min: 0, max: 200 }).map((n) => n / 1000);
    case "cpuset":
      return list;
    case "switch":
      return fc.constantFrom("on", "off");
    case "devices":
      return fc.constantFrom("", "kvm", "kvm,snd/timer");
    default:
      throw new Error(`${codec.unit} has no values for tests yet`);
  }
}

/** Values that a row takes on a host. */
export function valuesOf(row: LevelRow, host: LevelHost): fc.Arbitrary<LevelValue> {
  const some = ofUnit(row).filter((value) => (row.check?.(value, host) ?? null) === null);
  return row.range.unlimited
    ? fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: some })
    : some;
}

/** Rows that a host of a dialect has. */
export const rowsFor = (dialect: Dialect, host: LevelHost): LevelRow[] =>
  LEVELS.filter((row) => row.ways[dialect] && (row.lacks?.(host) ?? null) === null);

const together = (levels: LevelValues, dialect: Dialect): boolean =>
  LEVELS.every((row) => (row.ways[dialect]?.refuse?.(levels) ?? null) === null);

/** A value for each row of a dialect; they can stand together. */
export const allLevels = (dialect: Dialect, host: LevelHost): fc.Arbitrary<LevelValues> =>
  fc
    .record(Object.fromEntries(rowsFor(dialect, host).map((row) => [row.key, valuesOf(row, host)])))
    .map((levels) => {
      const limit = levels["memory.limit"] ?? null;
      const burst = Math.min(Number(levels["cpu.burst"] ?? 0), Number(levels["cpu.limit"] ?? 1) / 10);
      // What is refused together is changed rather than thrown away: of 2000 hardly one would be left.
      return {
        ...levels,
        "memory.swap": limit === null ? null : (levels["memory.swap"] ?? null),
        "cpu.burst": Math.floor(burst * 1e6) / 1e6,
      };
    })
    .filter((levels) => together(levels, dialect));

/** A change of one to six levels, as people write it. */
export const someChange = (dialect: Dialect, host: LevelHost): fc.Arbitrary<Record<string, string>> =>
  fc
    .uniqueArray(fc.constantFrom(...rowsFor(dialect, host)), { minLength: 1, maxLength: 6 })
    .chain((rows) =>
      fc.record(
        Object.fromEntries(
          rows.map((row) => [row.key, valuesOf(row, host).map((value) => row.codec.format(value))]),
        ),
      ),
    );
