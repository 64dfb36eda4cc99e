/** What the daemon watches containers for: the `watch` part of `config.json`. */
import type { WarrenError } from "./errors.ts";

/** Shares are 0 to 1, times in seconds; where `null` may stand it means that there are no such events. */
export interface WatchConfig {
  /** Between two looks at a container; longer where `share` would not do. */
  every: number;
  /** Most that looking may take of one CPU. */
  share: number;
  /** Between two events of one kind about one level of one container; what happened meanwhile is counted. */
  repeat: number;
  /** Part of its limit from which on a level is near it. */
  near: number | null;
  /** Part of a pool's room from which on it is nearly full. */
  pool: number | null;
  /** Part of the CPU limit's periods in which a container is throttled, and for how long. */
  throttled: number | null;
  throttledFor: number;
  /** Part of the time in which some task of the container waits for a resource (PSI), and for how long. */
  pressure: { cpu: number | null; memory: number | null; io: number | null };
  pressureFor: number;
}

export const DEFAULT_WATCH: WatchConfig = {
  every: 5,
  share: 0.005,
  repeat: 60,
  near: 0.9,
  pool: 0.9,
  throttled: 0.5,
  throttledFor: 30,
  pressure: { cpu: 0.8, memory: 0.2, io: 0.6 },
  pressureFor: 30,
};

/** Reads one object of the configuration: throws BAD_VALUE for an unknown key. */
type Members = (value: unknown, what: string, known: readonly string[]) => Record<string, unknown>;

/** Reads the `watch` part; what is missing has its default. Throws BAD_VALUE. */
export function parseWatch(
  raw: unknown,
  members: Members,
  bad: (key: string, want: string) => WarrenError,
): WatchConfig {
  const given = members(raw, "watch", Object.keys(DEFAULT_WATCH));
  const pressure = members(given.pressure ?? {}, "watch.pressure", Object.keys(DEFAULT_WATCH.pressure));
  const number = (value: unknown, key: string, preset: number, min: number, max: number): number => {
    if (value === undefined) return preset;
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw bad(`watch.${key}`, `a number from ${min} to ${max}`);
  };
  const share = (value: unknown, key: string, preset: number | null): number | null =>
    value === null ? null : number(value, key, preset ?? 1, 0.01, 1);
  const span = (key: "repeat" | "throttledFor" | "pressureFor"): number =>
    number(given[key], key, DEFAULT_WATCH[key], 0, 86_400);
  const resource = (key: "cpu" | "memory" | "io"): number | null =>
    share(pressure[key], `pressure.${key}`, DEFAULT_WATCH.pressure[key]);
  return {
    every: number(given.every, "every", DEFAULT_WATCH.every, 0.1, 3600),
    share: number(given.share, "share", DEFAULT_WATCH.share, 0.0001, 1),
    repeat: span("repeat"),
    near: share(given.near, "near", DEFAULT_WATCH.near),
    pool: share(given.pool, "pool", DEFAULT_WATCH.pool),
    throttled: share(given.throttled, "throttled", DEFAULT_WATCH.throttled),
    throttledFor: span("throttledFor"),
    pressure: { cpu: resource("cpu"), memory: resource("memory"), io: resource("io") },
    pressureFor: span("pressureFor"),
  };
}
