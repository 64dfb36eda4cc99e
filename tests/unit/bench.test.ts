/** The arithmetic of the comparisons. */
import { expect, test } from "bun:test";
import { figure } from "../../bench/figures.ts";
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
