/** The arithmetic of the comparisons. */
import { expect, test } from "bun:test";
import { figure } from "../../bench/figures.ts";
import { keeping } from "../../bench/isolation/kept.ts";
import { told } from "../../bench/isolation/refusals.ts";
import { type Held, shareOf } from "../../bench/memory.ts";

test("the median and the 95th percentile", () => {
  expect(figure([])).toBe(null);
  expect(figure([3])).toEqual({ median: 3, p95: 3, runs: 1 });
  expect(figure([9, 1, 5])).toEqual({ median: 5, p95: 9, runs: 3 });
  expect(figure([4, 1, 2, 3])).toEqual({ median: 2.5, p95: 4, runs: 4 });
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(figure(hundred)).toEqual({ median: 50.5, p95: 95, runs: 100 });
});

test("a container's memory is what the machine lost, less the guests' new processes", () => {
  const before: Held = { available: 1_000, guests: new Map([[7, 50]]), own: new Map([[1, 100]]) };
  const after: Held = {
    available: 800,
    guests: new Map([
      [7, 500], // somebody else's guest that grew
      [8, 10],
      [9, 30],
    ]),
    own: new Map([
      [1, 120],
      [2, 20],
    ]),
  };
  expect(shareOf(before, after, 2)).toEqual({ whole: 80, processes: 20, guest: 20 });
});

test("what a victim keeps is compared with itself before and after", () => {
  const load = (rate: number, p95: number, failed = {}) => ({ rate, p95, p50: 1, p99: 1, max: 1, failed });
  const alone = [load(700, 1000), load(900, 3000)];
  expect(keeping({ alone, beside: load(400, 8000, { terminal: 2 }) })).toEqual({
    rate: 0.5,
    p95: { alone: 2000, beside: 8000 },
    failed: true,
  });
  expect(keeping({ alone, beside: load(800, 2000) }).failed).toBe(false);
});

test("counters that refused come first, then those that are nearly full", () => {
  const row = (key: string, fail: number | null, peak: number | null, limit: number | null) => ({
    key,
    held: 0,
    peak,
    limit,
    fail,
  });
  const rows = [
    row("cpu.weight", null, null, 100),
    row("pids.limit", 3, 10, 10),
    row("memory.limit", 70, 5, 10),
    row("pty.limit", null, 510, 512),
    row("shm.size", null, 94, 100),
    row("io.write.bps", null, 5, null),
    { key: "cpu.nodes", held: null, peak: null, limit: "0", fail: null },
  ];
  expect(told(rows)).toEqual(["memory.limit refused 70", "pids.limit refused 3", "pty.limit full (100 %)"]);
});
