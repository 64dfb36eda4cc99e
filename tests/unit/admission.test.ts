import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createAdmission, GUARANTEES } from "../../src/engine/admission.ts";
import { commitment, excess, kept } from "../../src/plan/admission.ts";
import { splitHost } from "../../src/plan/split.ts";
import { bytes } from "../../src/spec/codec.ts";
import type { LevelValues } from "../../src/spec/container.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import type { LevelRow } from "../../src/spec/level.ts";
import { LEVELS } from "../../src/spec/levels.ts";

const GIB = 1024 ** 3;
const ROOM = { memory: 8 * GIB, swap: 0, cpu: 4, pids: 1000, disk: 100 * GIB };
const row = (key: string, as: "guarantee" | "protection" | "limit") =>
  ({ key, codec: bytes, promise: { resource: "memory", as } }) as unknown as LevelRow;
const HARD = row("m.hard", "guarantee");
const ROWS = [HARD, row("m.soft", "protection"), row("m.most", "limit")];

const refused = (work: () => unknown): WarrenError | null => {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof WarrenError) return error;
    throw error;
  }
};

describe("what the host's containers were promised", () => {
  test("sums, with the whole host for one without a limit, and never more than the host for one", () => {
    const containers = [
      { "m.hard": GIB, "m.soft": 2 * GIB, "m.most": 4 * GIB },
      { "m.hard": 2 * GIB, "m.soft": 0, "m.most": null },
      { "m.hard": 0, "m.soft": 0, "m.most": 64 * GIB },
    ];
    expect(commitment(ROWS, containers, "memory", ROOM.memory, GIB)).toEqual({
      capacity: 8 * GIB,
      held: { amount: GIB, ratio: 0.125 },
      guaranteed: { amount: 3 * GIB, ratio: 0.375 },
      protected: { amount: 4 * GIB, ratio: 0.5 },
      promised: { amount: 20 * GIB, ratio: 2.5 },
      unlimited: 1,
    });
  });
  test("a resource that no level limits is promised whole to each; one that the host hasn't has no ratio", () => {
    const found = commitment(ROWS, [{}, {}], "disk", 10, null);
    expect(found).toMatchObject({ held: null, promised: { amount: 20, ratio: 2 }, unlimited: 2 });
    expect(commitment(ROWS, [], "swap", 0, 0)).toMatchObject({ promised: { amount: 0, ratio: null } });
  });
  test("the table's own promises are of levels in the resource's unit, and no default guarantees anything", () => {
    const units = { memory: "bytes", swap: "bytes", cpu: "cpus", pids: "count", disk: "bytes" };
    for (const { key, codec, promise } of LEVELS)
      if (promise) expect([key, codec.unit]).toEqual([key, units[promise.resource]]);
    expect(LEVELS.filter(({ promise }) => promise?.as === "limit").length).toBeGreaterThan(3);
    for (const each of GUARANTEES) expect([each.key, each.default]).toEqual([each.key, "0"]);
  });
});

describe("admission", () => {
  const admission = (running: Map<string, LevelValues>) =>
    createAdmission({ levels: { wantedAll: () => running } as never }, () => ROOM, [HARD]);

  test("a sum beyond the host is refused with the figures, and let through when that is wanted", () => {
    const it = admission(
      new Map([
        ["a", { "m.hard": 5 * GIB }],
        ["idle", { "m.hard": 0 }],
      ]),
    );
    const error = refused(() => it.admit("b", { "m.hard": 4 * GIB }, { overcommit: false }));
    expect(error?.code).toBe("REFUSED");
    expect(error?.message).toBe(
      'm.hard=4GiB can\'t be kept for "b": 1 other that runs has 5GiB, and the host has 8GiB in all',
    );
    expect(error?.details).toMatchObject({ asked: 4 * GIB, others: 5 * GIB, capacity: 8 * GIB });
    expect(refused(() => it.admit("b", { "m.hard": 4 * GIB }, { overcommit: true }))).toBeNull();
    expect(
      refused(() => admission(new Map()).admit("b", { "m.hard": 9 * GIB }, { overcommit: false }))?.code,
    ).toBe("REFUSED");
  });
  test("what is on its way counts until it is told to be over", () => {
    const it = admission(new Map());
    const first = it.admit("a", { "m.hard": 5 * GIB }, { overcommit: false });
    expect(refused(() => it.admit("b", { "m.hard": 4 * GIB }, { overcommit: false }))?.code).toBe("REFUSED");
    first[Symbol.dispose]();
    expect(refused(() => it.admit("b", { "m.hard": 4 * GIB }, { overcommit: false }))).toBeNull();
  });
  test("less than before always fits, so that an overcommitted host can be brought back", () => {
    const it = admission(
      new Map([
        ["a", { "m.hard": 6 * GIB }],
        ["b", { "m.hard": 6 * GIB }],
      ]),
    );
    expect(refused(() => it.admit("a", { "m.hard": 5 * GIB }, { overcommit: false }))).toBeNull();
    expect(refused(() => it.admit("a", { "m.hard": 7 * GIB }, { overcommit: false }))?.code).toBe("REFUSED");
  });

  test("whatever comes in whatever order, what was promised never exceeds the host", () => {
    const step = fc.record({
      name: fc.constantFrom("a", "b", "c", "d"),
      hard: fc.oneof(fc.constant(null), fc.nat({ max: 10 })),
      // Whether it comes into force, fails, or is under way while the next one asks.
      next: fc.constantFrom("force", "fail", "wait", "stop"),
    });
    const run = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const running = new Map<string, LevelValues>();
      const it = admission(running);
      const waiting: { name: string; levels: LevelValues; over: Disposable }[] = [];
      const finish = (name: string): void => {
        for (const each of waiting.splice(0)) {
          if (each.name !== name) {
            waiting.push(each);
            continue;
          }
          running.set(each.name, each.levels);
          each.over[Symbol.dispose]();
        }
      };
      for (const { name, hard, next } of steps) {
        // The container's lock: one change of it at a time.
        finish(name);
        if (next === "stop") running.delete(name);
        else {
          const levels = { "m.hard": hard === null ? null : hard * GIB };
          const others = [...running].filter(([each]) => each !== name);
          const coming = waiting.map((each) => [each.name, each.levels] as const);
          const most = new Map(
            [...others, ...coming].map(([each, of]) => [each, kept([HARD], of, "memory", ROOM.memory)]),
          );
          for (const [each, of] of others)
            most.set(each, Math.max(most.get(each) ?? 0, kept([HARD], of, "memory", ROOM.memory)));
          const sum = [...most.values()].reduce((a, b) => a + b, 0);
          const before = kept([HARD], running.get(name) ?? {}, "memory", ROOM.memory);
          const asked = kept([HARD], levels, "memory", ROOM.memory);
          const fits = asked <= before || asked + sum <= ROOM.memory;
          let over: Disposable | undefined;
          expect(refused(() => (over = it.admit(name, levels, { overcommit: false }))) === null).toBe(fits);
          if (!over) continue;
          if (next === "wait") waiting.push({ name, levels, over });
          else {
            if (next === "force") running.set(name, levels);
            over[Symbol.dispose]();
          }
        }
        const total = [...running.values()].reduce(
          (all, of) => all + kept([HARD], of, "memory", ROOM.memory),
          0,
        );
        expect(total).toBeLessThanOrEqual(ROOM.memory);
      }
    });
    fc.assert(run, { numRuns: 300 });
  });

  test("excess is what a growing guarantee lacks", () => {
    expect(excess(0, 3, 5, 8)).toBeNull();
    expect(excess(0, 4, 5, 8)).toEqual({ asked: 4, others: 5, capacity: 8 });
    expect(excess(4, 4, 50, 8)).toBeNull();
  });
});

describe("equal shares of a host", () => {
  const all = (): boolean => true;
  const host = { ...ROOM, memory: 10 * GIB, swap: GIB };
  test("by the formula of the documentation", () => {
    expect(splitHost(host, { containers: 9, reserve: null, oversell: 1 }, all)).toEqual({
      containers: 9,
      reserved: { memory: GIB, pids: 100, disk: 10 * GIB },
      oversell: 1,
      levels: {
        "memory.limit": "1GiB",
        "memory.low": "1GiB",
        "memory.swap": "113MiB",
        "cpu.weight": "100",
        "pids.limit": "100",
        "disk.space": "10GiB",
      },
    });
  });
  test("sold several times: each may take more, what is its own is kept for it, the host's part never sold", () => {
    const { levels } = splitHost(host, { containers: 9, reserve: GIB, oversell: 3 }, all);
    expect(levels).toMatchObject({ "memory.limit": "3GiB", "memory.low": "1GiB", "pids.limit": "100" });
    expect(splitHost(host, { containers: 2, reserve: GIB, oversell: 50 }, all).levels["memory.limit"]).toBe(
      "9GiB",
    );
  });
  test("levels that the host can't do are left out", () => {
    const { levels } = splitHost(
      host,
      { containers: 2, reserve: null, oversell: 1 },
      (key) => key === "cpu.weight",
    );
    expect(levels).toEqual({ "cpu.weight": "100" });
  });
  test("too little for each is refused, with how many there may be", () => {
    const error = refused(() => splitHost(host, { containers: 900, reserve: null, oversell: 1 }, all));
    expect(error?.message).toBe("900 containers would have 10MiB of memory each, and 16MiB is the least");
    expect(error?.fix).toStartWith("split into 576 or less");
    const pids = refused(() =>
      splitHost({ ...host, pids: 100 }, { containers: 9, reserve: null, oversell: 1 }, all),
    );
    expect(pids?.message).toBe("9 containers would have 10 of processes each, and 32 is the least");
  });
  test("whatever the host, shares and what is kept for it fit in it", () => {
    const run = fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 256 * 1024 ** 2, max: 2 ** 42 }),
      fc.integer({ min: 1000, max: 4_000_000 }),
      (containers, memory, pids) => {
        const room = { memory, swap: memory / 2, cpu: 2, pids, disk: memory * 4 };
        let split: ReturnType<typeof splitHost> | undefined;
        const error = refused(() => {
          split = splitHost(room, { containers, reserve: null, oversell: 1 }, all);
        });
        if (!split) return expect(error?.code).toBe("REFUSED");
        const value = (key: string) =>
          Number(LEVELS.find((each) => each.key === key)?.codec.parse(split!.levels[key]!, { key }));
        expect(value("memory.limit") * containers + split.reserved.memory).toBeLessThanOrEqual(memory + 1);
        expect(value("pids.limit") * containers + split.reserved.pids).toBeLessThanOrEqual(pids + 1);
        expect(value("disk.space") * containers + split.reserved.disk).toBeLessThanOrEqual(room.disk + 1);
        expect(value("memory.swap") * containers).toBeLessThanOrEqual(room.swap);
      },
    );
    fc.assert(run);
  });
});
