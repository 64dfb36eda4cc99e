/**
 * How people write values and how Warren keeps them: `parse(format(value))` is `value` for every codec.
 *
 * Kept are base units: bytes, bytes/s, bits/s, counts, CPUs as a fraction, seconds; `null` is unlimited.
 */
import type { LevelValue } from "./container.ts";
import { cpuList, cpuListText } from "./cpulist.ts";
import { WarrenError } from "./errors.ts";
import { printable } from "./name.ts";

/** What a value is said about: the level's key, and the whole that a percentage is a part of. */
export interface CodecContext {
  key: string;
  /** What 100 % stands for, in base units; absent where percentages of the host make no sense. */
  whole?: number;
}

/** One kind of value. */
export interface Codec {
  /** Base unit, as the catalogue shows it. */
  readonly unit:
    | "bytes"
    | "bytes/s"
    | "bits/s"
    | "count"
    | "weight"
    | "score"
    | "cpus"
    | "cpuset"
    | "seconds"
    | "devices"
    | "switch";
  /** Forms a person can write, for help and for the fix of an error. */
  readonly forms: string;
  /** Throws BAD_VALUE with key, value and what to do. */
  parse(text: string, context: CodecContext): LevelValue;
  /** Exact: nothing is rounded. */
  format(value: LevelValue): string;
}

/** The word for `null`. */
export const UNLIMITED = "unlimited";

/** The error for a value that isn't understood or not allowed. */
export function badValue(key: string, text: string, why: string, fix: string): WarrenError {
  return new WarrenError("BAD_VALUE", `${key}=${printable(text)} ${why}`, fix, {
    key,
    value: printable(text),
  });
}

/** Bytes of a page of memory on most machines. */
const PAGE = 4096;
const POWERS = "KMGTPE";
const NUMBER = /^(\d{1,16}(?:\.\d{1,6})?)\s*([a-z%/]*)$/i;

/** A codec for a non-negative amount with units; `null` is unlimited. */
function amount(
  unit: Codec["unit"],
  what: string,
  forms: string,
  factor: (suffix: string) => number | undefined,
  format: (value: number) => string,
): Codec {
  return {
    unit,
    forms,
    parse(text, { key, whole }) {
      if (text === UNLIMITED) return null;
      const [, digits, suffix] = NUMBER.exec(text.trim()) ?? [];
      if (digits === undefined || suffix === undefined)
        throw badValue(key, text, `is not ${what}`, `use ${forms}`);
      const percent = suffix === "%" && whole !== undefined;
      const by = percent ? whole / 100 : factor(suffix);
      if (by === undefined) throw badValue(key, text, `is not ${what}`, `use ${forms}`);
      // A part of the host comes in whole pages, so that what is kept is what the kernel has.
      const grain = percent && unit === "bytes" ? PAGE : 1;
      const value = Math.floor((Number(digits) * by) / grain) * grain;
      if (!Number.isSafeInteger(value)) throw badValue(key, text, "is too large", `use "${UNLIMITED}"`);
      return value;
    },
    format: (value) => (value === null ? UNLIMITED : format(Number(value))),
  };
}

/** Factor of `K`, `KiB` (1024) and `KB` (1000), any case; the empty suffix and `B` are 1. */
function byteFactor(suffix: string): number | undefined {
  if (/^b?$/i.test(suffix)) return 1;
  const [, letter, rest] = /^([kmgtpe])(ib?|b)?$/i.exec(suffix) ?? [];
  if (letter === undefined) return undefined;
  const power = POWERS.indexOf(letter.toUpperCase()) + 1;
  return (rest?.toLowerCase() === "b" ? 1000 : 1024) ** power;
}

/** IEC text of a byte count, exact: the largest unit of which it is a multiple of a quarter. */
function formatBytes(value: number): string {
  for (let power = 6; power > 0; power--) {
    const size = 1024 ** power;
    if (value >= size && (value * 4) % size === 0 && Number.isSafeInteger(value * 4))
      return `${value / size}${POWERS[power - 1]}iB`;
  }
  return String(value);
}

const SIZE_FORMS = `512M, 512MiB, 512MB (1000), plain bytes, 25% of the host or ${UNLIMITED}`;

/** Bytes. */
export const bytes: Codec = amount("bytes", "a size", SIZE_FORMS, byteFactor, formatBytes);

/** Bytes a second: a size, `/s` allowed behind it. */
export const byteRate: Codec = amount(
  "bytes/s",
  "a rate in bytes",
  `10M, 10MiB/s, 10MB/s (1000) or ${UNLIMITED}`,
  (suffix) => byteFactor(suffix.replace(/\/s$/i, "")),
  (value) => `${formatBytes(value)}/s`,
);

/** Factor of `kbit`, `Mbit`, `Gbit`: network rates count in thousands. A plain number is bits. */
function bitFactor(suffix: string): number | undefined {
  const [, letter] = /^(?:([kmgt]?)bit(?:\/s)?)?$/i.exec(suffix) ?? [undefined, null];
  if (letter === null) return undefined;
  return letter ? 1000 ** (POWERS.indexOf(letter.toUpperCase()) + 1) : 1;
}

/** Bits a second. */
export const bitRate: Codec = amount(
  "bits/s",
  "a rate in bits",
  `512kbit, 20Mbit, 1Gbit or ${UNLIMITED}`,
  bitFactor,
  (value) => {
    for (let power = 4; power > 0; power--)
      if (value >= 1000 ** power && value % 1000 ** power === 0)
        return `${value / 1000 ** power}${["k", "M", "G", "T"][power - 1]}bit`;
    return `${value}bit`;
  },
);

/** How many of something. */
export const count: Codec = amount(
  "count",
  "a count",
  `a whole number or ${UNLIMITED}`,
  (suffix) => (suffix === "" ? 1 : undefined),
  String,
);

/** A share among neighbours; never unlimited. */
export const weight: Codec = {
  unit: "weight",
  forms: "a whole number; 100 is one ordinary share",
  parse(text, { key }) {
    if (!/^\d{1,9}$/.test(text.trim())) throw badValue(key, text, "is not a weight", `use ${weight.forms}`);
    return Number(text);
  },
  format: String,
};

/** A rank, negative too; never unlimited. */
export const score: Codec = {
  unit: "score",
  forms: "a whole number, may be negative",
  parse(text, { key }) {
    if (!/^[+-]?\d{1,9}$/.test(text.trim()))
      throw badValue(key, text, "is not a whole number", `use ${score.forms}`);
    // Not -0, which no table knows.
    return Number(text) + 0;
  },
  format: String,
};

/** The finest step of a CPU limit: 1 microsecond in a period of 100 milliseconds. */
const CPU_STEPS = 100_000;

/** CPUs as a fraction: `50%` is half of one CPU. */
export const cpus: Codec = {
  unit: "cpus",
  forms: `1.5 or 150% (of one CPU) or ${UNLIMITED}`,
  parse(text, { key }) {
    if (text === UNLIMITED) return null;
    const [, digits, percent] = /^(\d{1,6}(?:\.\d{1,6})?)(%?)$/.exec(text.trim()) ?? [];
    if (digits === undefined) throw badValue(key, text, "is not a number of CPUs", `use ${cpus.forms}`);
    return Math.round(Number(digits) * (percent ? CPU_STEPS / 100 : CPU_STEPS)) / CPU_STEPS;
  },
  format: (value) => (value === null ? UNLIMITED : String(value)),
};

/** A list of CPU numbers, kept in the kernel's shortest form; `null` is all of them. */
export const cpuset: Codec = {
  unit: "cpuset",
  forms: `0-3,8 (CPU numbers) or ${UNLIMITED}`,
  parse(text, { key }) {
    if (text === UNLIMITED) return null;
    const list = cpuList(text.trim());
    if (list === null || list.length === 0)
      throw badValue(key, text, "is not a list of CPUs", `use ${cpuset.forms}`);
    return cpuListText(list);
  },
  format: (value) => (value === null ? UNLIMITED : String(value)),
};

const TIMES: readonly (readonly [string, number])[] = [
  ["d", 86_400_000_000],
  ["h", 3_600_000_000],
  ["m", 60_000_000],
  ["s", 1_000_000],
  ["ms", 1000],
  ["us", 1],
];

/** A span of time in seconds, to the microsecond. */
export const duration: Codec = {
  unit: "seconds",
  forms: `500us, 20ms, 10s, 5m, 2h, 1d, plain seconds or ${UNLIMITED}`,
  parse(text, { key }) {
    if (text === UNLIMITED) return null;
    const [, digits, suffix] = NUMBER.exec(text.trim()) ?? [];
    const micro = TIMES.find(([name]) => name === (suffix || "s"))?.[1];
    const value = Math.round(Number(digits) * (micro ?? Number.NaN));
    if (!Number.isSafeInteger(value))
      throw badValue(key, text, "is not a span of time", `use ${duration.forms}`);
    return value / 1_000_000;
  },
  format(value) {
    if (value === null) return UNLIMITED;
    const micro = Math.round(Number(value) * 1_000_000);
    const [name, size] = TIMES.find(([, each]) => micro >= each && micro % each === 0) ?? ["s", 1_000_000];
    return `${micro / size}${name}`;
  },
};

/** On or off. */
export const onOff: Codec = {
  unit: "switch",
  forms: "on or off",
  parse(text, { key }) {
    const word = text.trim();
    if (/^(?:on|yes|true|1)$/.test(word)) return "on";
    if (/^(?:off|no|false|0)$/.test(word)) return "off";
    throw badValue(key, text, "is neither on nor off", `use ${onOff.forms}`);
  },
  format: String,
};

/** Names of devices below /dev, sorted; the empty text is none. */
export const deviceList: Codec = {
  unit: "devices",
  forms: "kvm,snd/timer (names below /dev) or none",
  parse(text, { key }) {
    const word = text.trim();
    if (word === "none" || word === "") return "";
    const names = word.split(",").map((name) => name.replace(/^\/dev\//, ""));
    const wrong = names.find(
      (name) => !/^[\w][\w.:+-]*(?:\/[\w][\w.:+-]*){0,4}$/.test(name) || name.length > 200,
    );
    if (wrong !== undefined) throw badValue(key, text, "is not a list of devices", `use ${deviceList.forms}`);
    return [...new Set(names)].sort().join(",");
  },
  format: (value) => (value === null || value === "" ? "none" : String(value)),
};
