/** When snapshots are due, which had their time, and what they may be called. */
import { describe, expect, test } from "bun:test";
import { freeName, isDue, outdated, scheduledName } from "../../src/plan/snapshot.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import { snapshotComment, snapshotName, snapshotPlace } from "../../src/spec/snapshot.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const code = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof WarrenError ? error.code : String(error);
  }
  return "none";
};

describe("a schedule", () => {
  const hourly = { every: 3600, keep: 2, last: ago(3599) };
  test.each([
    ["not before its time", hourly, false],
    ["at its time", { ...hourly, last: ago(3600) }, true],
    ["once after a long downtime", { ...hourly, last: ago(1_000_000) }, true],
    ["not while the clock is a little behind", { ...hourly, last: ago(-30) }, false],
    ["when the clock was set back far", { ...hourly, last: ago(-5000) }, true],
  ])("is due %s", (_, schedule, due) => expect(isDue(schedule, NOW)).toBe(due));
});

describe("what had its time", () => {
  const made = (id: string, seconds: number, by: "hand" | "schedule", expires: string | null = null) => ({
    id,
    created: ago(seconds),
    expires,
    by,
  });
  const ids = (list: { id: string }[]): string[] => list.map(({ id }) => id);

  test("the oldest beyond those kept, never one that a person made", () => {
    const all = [
      made("a", 500, "schedule"),
      made("b", 400, "schedule"),
      made("c", 300, "hand"),
      made("d", 200, "schedule"),
    ];
    expect(ids(outdated({ every: 60, keep: 2, last: ago(0) }, all, NOW))).toEqual(["a"]);
    expect(ids(outdated({ every: 60, keep: 9, last: ago(0) }, all, NOW))).toEqual([]);
    expect(ids(outdated(undefined, all, NOW))).toEqual([]);
  });
  test("one that expires, whoever made it, which then does not count among those kept", () => {
    const all = [
      made("a", 500, "schedule"),
      made("b", 400, "hand", ago(1)),
      made("c", 300, "schedule", ago(0)),
      made("d", 200, "schedule"),
      made("e", 100, "hand", ago(-1)),
    ];
    expect(ids(outdated(undefined, all, NOW))).toEqual(["b", "c"]);
    expect(ids(outdated({ every: 60, keep: 2, last: ago(0) }, all, NOW))).toEqual(["b", "c"]);
  });
});

describe("names", () => {
  test("are made up so that none is taken, and sort by time where a schedule makes them", () => {
    expect(freeName(new Set())).toBe("snap0");
    expect(freeName(new Set(["snap0", "snap1", "snap3"]))).toBe("snap2");
    expect(scheduledName(NOW, new Set())).toBe("auto-20260301-120000");
    expect(scheduledName(NOW, new Set(["auto-20260301-120000"]))).toBe("auto-20260301-120000-1");
    for (const name of [freeName(new Set()), scheduledName(NOW, new Set())])
      expect(snapshotName(name)).toBe(name);
  });
  test.each(["", "A", "-a", ".a", "a/b", "a b", "../x", "a".repeat(64), "é"])("%p is refused", (name) =>
    expect(code(() => snapshotName(name))).toBe("BAD_NAME"),
  );
  test("a place is a container or one of its snapshots", () => {
    expect(snapshotPlace("web")).toEqual({ name: "web", snapshot: undefined });
    expect(snapshotPlace("web/before.2")).toEqual({ name: "web", snapshot: "before.2" });
    for (const text of ["", "/a", "web/", "web/a/b", "Web/a"])
      expect(code(() => snapshotPlace(text))).toBe("BAD_NAME");
  });
  test("a comment is one line", () => {
    expect(snapshotComment("before the upgrade")).toBe("before the upgrade");
    for (const text of ["a\nb", "\x1b[2J", "x".repeat(1001)])
      expect(code(() => snapshotComment(text))).toBe("BAD_VALUE");
  });
});
