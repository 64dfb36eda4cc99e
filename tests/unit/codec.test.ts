import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  bitRate,
  byteRate,
  bytes,
  type Codec,
  count,
  cpus,
  cpuset,
  duration,
  weight,
} from "../../src/spec/codec.ts";
import type { LevelValue } from "../../src/spec/container.ts";
import { cpuList, cpuListText } from "../../src/spec/cpulist.ts";
import type { WarrenError } from "../../src/spec/errors.ts";

const key = "memory.limit";
const GIB = 1024 ** 3;

function refusal(work: () => unknown): WarrenError | null {
  try {
    work();
    return null;
  } catch (error) {
    return error as WarrenError;
  }
}

describe("what people write is understood", () => {
  const forms: [Codec, string, LevelValue][] = [
    [bytes, "512M", 512 * 1024 ** 2],
    [bytes, "512MiB", 512 * 1024 ** 2],
    [bytes, "512Mi", 512 * 1024 ** 2],
    [bytes, "512m", 512 * 1024 ** 2],
    [bytes, "512MB", 512_000_000],
    [bytes, "1.5G", 1.5 * GIB],
    [bytes, "1 GiB", GIB],
    [bytes, "4096", 4096],
    [bytes, "4096B", 4096],
    [bytes, "0", 0],
    [bytes, "25%", 4 * GIB],
    [bytes, "unlimited", null],
    [byteRate, "10M", 10 * 1024 ** 2],
    [byteRate, "10MB/s", 10_000_000],
    [bitRate, "20Mbit", 20_000_000],
    [bitRate, "512kbit/s", 512_000],
    [bitRate, "1000", 1000],
    [count, "200", 200],
    [count, "unlimited", null],
    [weight, "100", 100],
    [cpus, "50%", 0.5],
    [cpus, "1.5", 1.5],
    [cpus, "150%", 1.5],
    [cpus, "unlimited", null],
    [cpuset, "3,0-1", "0-1,3"],
    [cpuset, "0,1,2", "0-2"],
    [cpuset, "unlimited", null],
    [duration, "20ms", 0.02],
    [duration, "5m", 300],
    [duration, "10", 10],
  ];
  for (const [codec, text, value] of forms)
    test(`${codec.unit}: ${text}`, () => expect(codec.parse(text, { key, whole: 16 * GIB })).toBe(value));
});

describe("what can't be meant is refused in one line", () => {
  const forms: [Codec, string][] = [
    [bytes, ""],
    [bytes, "-1"],
    [bytes, "lots"],
    [bytes, "12X"],
    [bytes, "1e9"],
    [bytes, "1.5.5M"],
    [bytes, "9999999P"],

    [bytes, "Infinity"],
    [byteRate, "20Mbit"],
    [bitRate, "10MB/s"],
    [count, "1.k"],
    [count, "50%"],
    [weight, "1.5"],
    [weight, "unlimited"],
    [cpus, "-50%"],
    [cpus, "half"],
    [cpuset, ""],
    [cpuset, "3-1"],
    [cpuset, "0,,1"],
    [cpuset, "0-99999"],
    [duration, "5 years"],
    [duration, "-1s"],
  ];
  for (const [codec, text] of forms)
    test(`${codec.unit}: ${JSON.stringify(text)}`, () => {
      const error = refusal(() => codec.parse(text, { key }));
      expect(error?.code).toBe("BAD_VALUE");
      expect(error?.message).toStartWith(`${key}=`);
      expect(error?.message).not.toContain("\n");
      expect(error?.fix).not.toBe("");
    });
  test("a percentage needs a whole", () => {
    expect(() => bytes.parse("25%", { key })).toThrow("is not a size");
  });
});

const whole = fc.maxSafeNat();
const either = (values: fc.Arbitrary<LevelValue>) => fc.oneof(fc.constant(null), values);
const cpuSets = fc
  .uniqueArray(fc.nat({ max: 300 }), { minLength: 1 })
  .map((all) => cpuListText(all.sort((a, b) => a - b)));

describe("parse(format(value)) is value", () => {
  const round = (codec: Codec, values: fc.Arbitrary<LevelValue>) =>
    fc.assert(fc.property(values, (value) => expect(codec.parse(codec.format(value), { key })).toBe(value)));
  const sizes = fc.oneof(
    whole,
    fc.tuple(fc.nat({ max: 4096 }), fc.constantFrom(1, 2, 3, 4)).map(([n, power]) => n * 1024 ** power),
    fc.tuple(fc.nat({ max: 4096 }), fc.constantFrom(1, 2, 3, 4)).map(([n, power]) => (n / 4) * 1024 ** power),
  );
  test("bytes", () => round(bytes, either(sizes)));
  test("bytes a second", () => round(byteRate, either(sizes)));
  test("bits a second", () => round(bitRate, either(whole)));
  test("counts", () => round(count, either(whole)));
  test("weights", () => round(weight, fc.nat({ max: 10_000 })));
  test("CPUs", () => round(cpus, either(fc.nat({ max: 800_000_000 }).map((n) => n / 100_000))));
  test("CPU lists", () => round(cpuset, either(cpuSets)));
  test("durations", () => round(duration, either(fc.nat({ max: 2 ** 31 - 1 }).map((n) => n / 1_000_000))));
});

test("sizes print in IEC units, exactly", () => {
  expect(bytes.format(512 * 1024 ** 2)).toBe("512MiB");
  expect(bytes.format(1.5 * GIB)).toBe("1.5GiB");
  expect(bytes.format(512_000_000)).toBe("500000KiB");
  expect(bytes.format(1001)).toBe("1001");
});

test("a CPU list reads back as the numbers it was made of", () => {
  fc.assert(fc.property(cpuSets, (text) => expect(cpuListText(cpuList(text) ?? [])).toBe(text)));
});
