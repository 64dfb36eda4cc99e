/** Totals over reboots and groups that come and go; what of it becomes an event, and when. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { NewEvent } from "../../src/engine/event.ts";
import { hearer } from "../../src/engine/kernel-log.ts";
import { createTeller } from "../../src/engine/tell.ts";
import type { KernelNews } from "../../src/host/kmsg/index.ts";
import { blame, fold, type Look, total } from "../../src/plan/counter.ts";
import { failShare, isNear, lasting, NOT_YET, rations } from "../../src/plan/watch.ts";
import { parseConfig } from "../../src/spec/config.ts";
import type { CounterRecord } from "../../src/spec/counter.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import { DEFAULT_WATCH } from "../../src/spec/watch.ts";
import { openStore } from "../../src/store/sqlite.ts";
import { containerRecord } from "../helpers/levels.ts";

const look = (fails: Record<string, number>, more: Partial<Look> = {}): Look => ({
  uuid: "u",
  start: "100-5",
  since: "2026-01-01T00:00:00Z",
  run: 1,
  began: "2026-01-01T00:00:00Z",
  time: "2026-01-01T00:01:00Z",
  fails,
  ...more,
});
/** Folds looks one after the other. */
const after = (...looks: Look[]) => {
  let record: CounterRecord | undefined;
  let last = fold(record, looks[0]!);
  for (const each of looks) {
    last = fold(record, each);
    record = last.record;
  }
  return last;
};

describe("totals", () => {
  test("grow with the kernel's; the first and the last time are kept", () => {
    const { record, grown } = after(
      look({ a: 2 }, { time: "t1" }),
      look({ a: 2 }, { time: "t2" }),
      look({ a: 5 }, { time: "t3" }),
      look({ a: 5 }, { time: "t4" }),
    );
    expect(record.fails.a).toMatchObject({ seen: 5, before: 0, firstFail: "t1", lastFail: "t3" });
    expect(grown).toEqual({});
  });
  test("go on over a reboot from within, which is marked", () => {
    const second = { run: 2, began: "2026-01-01T00:02:00Z" };
    const { record, grown } = after(look({ a: 4, b: 1 }), look({ a: 1 }, second));
    expect([total(record.fails.a), total(record.fails.b)]).toEqual([5, 1]);
    expect(grown).toEqual({ a: 1 });
    expect(record).toMatchObject({ run: 2, reboots: 1, rebooted: second.began });
    // A level that was not read in the new run yet is not counted twice when it is.
    expect(total(fold(record, look({ a: 1, b: 2 }, second)).record.fails.b)).toBe(3);
  });
  test("begin anew with a new start", () => {
    const { record, grown } = after(look({ a: 4 }), look({ a: 1 }, { start: "200-9", since: "later" }));
    expect(total(record.fails.a)).toBe(1);
    expect(record).toMatchObject({ since: "later", reboots: 0, rebooted: null });
    expect(grown).toEqual({ a: 1 });
  });
  test("stay when a group of the guest goes and takes its count along", () => {
    const { record, grown } = after(look({ a: 8 }), look({ a: 3 }), look({ a: 4 }));
    expect(total(record.fails.a)).toBe(9);
    expect(grown).toEqual({ a: 1 });
  });
  test("of a container that was found running know its reboots; a run's number that falls is none", () => {
    const found = after(look({ a: 1 }, { run: 3 }));
    expect(found.record).toMatchObject({ reboots: 2 });
    const { record } = fold(found.record, look({ a: 1 }, { run: 1 }));
    expect([record.run, record.reboots, total(record.fails.a)]).toEqual([1, 2, 1]);
  });
  test("are not written when nothing changed", () => {
    const first = after(look({ a: 0, b: 3 }));
    expect(Object.keys(first.record.fails)).toEqual(["b"]);
    const second = fold(first.record, look({ a: 0, b: 3 }));
    expect([second.changed, second.record]).toEqual([false, first.record]);
  });
  test("have the newest culprit, whatever order they are heard in", () => {
    const { record } = after(look({ a: 1 }));
    const late = blame(record, "a", { name: "dd", pid: 7, time: "2026-01-01T00:00:09Z" });
    const both = blame(late, "a", { name: "sh", pid: 6, time: "2026-01-01T00:00:05Z" });
    expect(both.fails.a?.lastProcess?.name).toBe("dd");
    expect(blame(record, "a", { name: "old", pid: 5, time: "2025-12-31T23:59:59Z" })).toBe(record);
  });
});

describe("the watch", () => {
  test("tells what lasts once, and again only after it ended", () => {
    let state = NOT_YET;
    const told = [true, true, true, true, false, true, true, true].map((holds, i) => {
      const next = lasting(state, holds, { from: i * 10, to: i * 10 + 10, patience: 25 });
      state = next.state;
      return next.tell;
    });
    expect(told).toEqual([false, false, true, false, false, false, false, true]);
  });
  test("knows what is near, and lets it swing a little", () => {
    expect(isNear(90, 100, 0.9, false)).toBe(true);
    expect(isNear(89, 100, 0.9, false)).toBe(false);
    expect(isNear(82, 100, 0.9, true)).toBe(true);
    expect(isNear(80, 100, 0.9, true)).toBe(false);
    expect(isNear(0, 0, 0.9, false)).toBe(false);
  });
  test("counts failures as a part of the tries", () => {
    expect(failShare({ fails: 0, tries: 0 }, { fails: 3, tries: 4 })).toBe(0.75);
    expect(failShare({ fails: 3, tries: 4 }, { fails: 3, tries: 4 })).toBe(null);
    // Counters that began anew tell nothing.
    expect(failShare({ fails: 9, tries: 9 }, { fails: 0, tries: 2 })).toBe(null);
  });
  test("rations: at most one in a window, nothing lost", () => {
    const r = rations<string>(60);
    expect(r.add("a", "1", 2, 0)).toEqual({ what: "1", count: 2 });
    expect(r.add("a", "2", 3, 10)).toBe(null);
    expect(r.add("b", "x", 1, 10)).toEqual({ what: "x", count: 1 });
    expect(r.add("a", "3", 1, 20)).toBe(null);
    expect(r.due(59)).toEqual([]);
    expect(r.due(60)).toEqual([{ what: "3", count: 4 }]);
    expect(r.due(200)).toEqual([]);
    expect(r.add("a", "4", 1, 201)).toEqual({ what: "4", count: 1 });
  });
  test("a teller counts what it holds back, and forgets what is told only once", () => {
    const events: NewEvent[] = [];
    let now = 0;
    const emit = (event: NewEvent) => ({ ...event, seq: events.push(event), time: "" });
    const teller = createTeller({ emit }, 60, () => now);
    const hit = { type: "level-hit", container: "web", about: "pids.limit", details: { held: 1 } } as const;
    const near = { ...hit, type: "level-near" } as const;
    teller.count(hit, 5);
    teller.count({ ...hit, details: { held: 2 } }, 7);
    teller.once(near);
    teller.once(near);
    now = 61_000;
    teller.flush();
    teller.once(near);
    expect(events.map(({ type, details }) => [type, details?.held, details?.count])).toEqual([
      ["level-hit", 1, 5],
      ["level-near", 1, undefined],
      ["level-hit", 2, 7],
      ["level-near", 1, undefined],
    ]);
  });
});

describe("the kernel's log", () => {
  const store = openStore(":memory:");
  const looked: string[] = [];
  const blamed: unknown[] = [];
  const told: Record<string, unknown>[] = [];
  const hear = hearer({
    store,
    instance: instanceOf(undefined),
    counters: { blame: (name, key, culprit) => void blamed.push([name, key, culprit.name, culprit.pid]) },
    watch: { look: (name) => void looked.push(name) },
    teller: {
      count: ({ container, details }) => void told.push({ container, ...details }),
      once: () => undefined,
      flush: () => undefined,
    },
  });
  store.containers.insert("web", { ...containerRecord("web"), slot: 0 });
  store.containers.insert("guest", { ...containerRecord("guest"), slot: 7 });
  const say = (...all: KernelNews[]) => {
    for (const news of all) hear({ seq: 1, time: 0, news });
  };
  const kill = (pid: number, uid: number, byGroup = true): KernelNews => ({
    what: "oom-kill",
    pid,
    process: "d\x1bd",
    uid,
    memory: 4096,
    byGroup,
  });
  const cause = (pid: number, group: string | null): KernelNews => ({ what: "oom-cause", pid, group });
  beforeEach(() => {
    for (const list of [looked, blamed, told]) list.length = 0;
  });

  test("a kill belongs to the container whose ids the process has, and its limit is blamed", () => {
    say(cause(5, "/warren/web"), kill(5, 1_000_033));
    expect(told).toMatchObject([{ container: "web", process: "d?d", pid: 5, memory: 4096, cause: "limit" }]);
    expect(blamed).toEqual([["web", "memory.limit", "d?d", 5]]);
    expect(looked).toEqual(["web"]);
  });
  test("a limit that the guest set itself is the guest's own affair, the host's memory the host's", () => {
    say(cause(5, "/warren/web/guest/a"), kill(5, 1_000_000), kill(6, 1_000_000, false));
    expect(told.map((each) => each.cause)).toEqual(["guest", "host"]);
    expect(blamed).toEqual([]);
  });
  test("without a cause it is the limit's, most likely", () => {
    say(cause(4, "/warren/web"), kill(5, 1_000_000 + 7 * 65_536));
    expect(told).toMatchObject([{ container: "guest", cause: null }]);
    expect(blamed).toHaveLength(1);
  });
  test("the host's root is in a container by its group only", () => {
    say(cause(5, "/warren/guest"), kill(5, 0), kill(6, 0), cause(7, "/warrens/web"), kill(7, 0));
    expect(told.map((each) => [each.container, each.pid])).toEqual([["guest", 5]]);
  });
  test("a refused fork makes us look", () => {
    say({ what: "fork-refused", group: "/warren/web/guest/warren/guest" });
    say(
      { what: "fork-refused", group: "/warren-x/web/guest" },
      { what: "fork-refused", group: "/warren/no" },
    );
    expect([looked, told]).toEqual([["web"], []]);
  });
});

describe("config.json", () => {
  test("watch: what is left out has its default, null means never", () => {
    const { watch } = parseConfig('{"watch": {"every": 1, "near": null, "pressure": {"io": null}}}');
    expect(watch).toEqual({
      ...DEFAULT_WATCH,
      every: 1,
      near: null,
      pressure: { ...DEFAULT_WATCH.pressure, io: null },
    });
  });
  test.each([
    ['{"every": 0}', "watch.every is not a number from 0.1 to 3600"],
    ['{"evry": 1}', "watch.evry is not a known key"],
    ['{"near": 2}', "watch.near"],
    ['{"pressure": {"cpu": "much"}}', "watch.pressure.cpu"],
    ['{"pressure": {"gpu": 1}}', "watch.pressure.gpu is not a known key"],
    ['{"repeat": null}', "watch.repeat"],
  ])("%p is refused", (text, why) => expect(() => parseConfig(`{"watch": ${text}}`)).toThrow(why));
});
