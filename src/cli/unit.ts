import {
  bitRate,
  byteRate,
  bytes,
  type Codec,
  count,
  cpus,
  cpuset,
  deviceList,
  duration,
  onOff,
  weight,
} from "../spec/codec.ts";
import type { LevelValue } from "../spec/container.ts";

const CODECS: Record<string, Codec> = Object.fromEntries(
  [bitRate, byteRate, bytes, count, cpus, cpuset, deviceList, duration, onOff, weight].map((codec) => [
    codec.unit,
    codec,
  ]),
);

/** A level's value as people write it; exact. */
export const inUnit = (unit: string | undefined, value: LevelValue): string =>
  CODECS[unit ?? ""]?.format(value) ?? String(value ?? "unlimited");
