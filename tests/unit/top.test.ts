/** The parts of `top` that are pure: rates, columns, keys, what keys do, the screen. */
import { describe, expect, test } from "bun:test";
import { CELLS, percent, short, sorted, span } from "../../src/cli/top/columns.ts";
import { completed } from "../../src/cli/top/complete.ts";
import { keysOf } from "../../src/cli/top/keys.ts";
import { fit, layoutOf, wrapped } from "../../src/cli/top/layout.ts";
import { rowsOf } from "../../src/cli/top/rates.ts";
import { type Paint, render } from "../../src/cli/top/render.ts";
import { type Action, arrived, begin, press, type State, visible } from "../../src/cli/top/state.ts";
import type { ContainerUsage } from "../../src/spec/usage.ts";
import { usage as fake } from "../helpers/fake-engine.ts";

const usage = (name: string, more: Partial<ContainerUsage> = {}): ContainerUsage => ({
  ...fake(name),
  ...more,
});
const MIB = 2 ** 20;

describe("rates", () => {
  test("are differences by the daemon's own clock", () => {
    const [row] = rowsOf(
      [usage("web", { at: 1000, cpu: 1, ioRead: 0, netIn: 100, fail: 2 })],
      [usage("web", { at: 3000, cpu: 2, ioRead: MIB, netIn: 300, fail: 5 })],
    );
    expect(row).toMatchObject({
      rates: { cpu: 0.5, ioRead: MIB / 2, ioWrite: null, netIn: 100, netOut: 0 },
      failed: 3,
    });
  });
  test("are unknown for what is new, began anew or was read twice at once", () => {
    const unknown = { cpu: null, ioRead: null, ioWrite: null, netIn: null, netOut: null };
    expect(rowsOf([], [usage("web")])[0]?.rates).toEqual(unknown);
    expect(rowsOf([usage("web")], [usage("web")])[0]?.rates).toEqual(unknown);
    const again = rowsOf([usage("web", { cpu: 9, fail: 4 })], [usage("web", { at: 1000, cpu: 1, fail: 0 })]);
    expect(again[0]).toMatchObject({ rates: { cpu: null, netIn: 0 }, failed: 0 });
  });
});

describe("figures in few characters", () => {
  test.each([
    [null, "-"],
    [0, "0B"],
    [1023, "1023B"],
    [1024, "1.0K"],
    [99.9 * 1024, "99.9K"],
    [99.96 * 1024, "100K"],
    [1023.7 * 1024, "1.0M"],
    [1.5 * 2 ** 40, "1.5T"],
    [2 ** 61, "2048P"],
  ])("%p bytes are %s", (count, text) => expect(short(count)).toBe(text));
  test.each([
    [null, "-"],
    [0.1234, "12.3"],
    [0.9999, "100"],
    [64, "6400"],
  ])("a share of %p is %s", (share, text) => expect(percent(share)).toBe(text));
  test.each([
    [null, "-"],
    [59, "59s"],
    [312, "5m12s"],
    [3600, "1h0m"],
    [273_600, "3d4h"],
    [99 * 86_400 + 23 * 3600, "99d23h"],
    [400 * 86_400, "400d"],
  ])("%p seconds are %s", (seconds, text) => {
    expect(span(seconds)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(6);
  });
});

test("keys are told apart in what a terminal sends at once, and strange ones are left out", () => {
  expect(keysOf("q")).toEqual(["q"]);
  expect(keysOf("\x1b[A\x1bOB\x1b[5~\x1b[6~j")).toEqual(["up", "down", "page up", "page down", "j"]);
  expect(keysOf("\x1b")).toEqual(["escape"]);
  expect(keysOf("a\x1b[15~\x1b[1;5Cb")).toEqual(["a", "b"]);
  expect(keysOf("p=1\r\x7f\x03\t\x00\x9b")).toEqual([
    "p",
    "=",
    "1",
    "enter",
    "backspace",
    "interrupt",
    "tab",
  ]);
  expect(keysOf("ü€")).toEqual(["ü", "€"]);
});

/** Three containers, read twice. */
function three(): State {
  const at = (time: number, factor: number) => [
    usage("db", { at: time, cpu: 3 * factor, memory: 10 * MIB, netIn: 0, fail: 0 }),
    usage("mail", { at: time, cpu: 1 * factor, memory: 30 * MIB, netIn: 900 * factor, fail: 7 }),
    usage("web", { at: time, cpu: null, memory: null, netIn: null, fail: null, state: "stopped" }),
  ];
  return arrived(arrived(begin(1), at(0, 1)), at(1000, 2));
}
const names = (state: State): string =>
  visible(state)
    .map(({ name }) => name)
    .join(" ");
/** The state after some keys, and the last thing that was asked for. */
function after(state: State, keys: string): { state: State; action?: Action | undefined } {
  let action: Action | undefined;
  let now = state;
  for (const key of keysOf(keys)) {
    const answer = press(now, key);
    now = answer.state;
    action = answer.action ?? action;
  }
  return { state: now, action };
}

describe("keys", () => {
  test("sort, the largest first and what is unknown last either way", () => {
    for (const [keys, order] of [
      ["", "db mail web"],
      ["m", "mail db web"],
      ["mr", "db mail web"],
      ["mm", "db mail web"],
      ["n", "mail db web"],
      ["f", "mail db web"],
      ["<<<<<<<<", "db mail web"],
      ["<<<<<<<<r", "web mail db"],
      [">", "mail db web"],
    ] as const)
      expect([keys, names(after(three(), keys).state)]).toEqual([keys, order]);
    expect(after(three(), ">>>>>>>>>>>>>>>>").state.order).toBe("uptime");
  });
  test("move the cursor, which stays on its container", () => {
    const cursor = (keys: string) => after(three(), keys).state.selected;
    expect([cursor(""), cursor("\x1b[B"), cursor("jjjjj"), cursor("jjk"), cursor("\x1b[F\x1b[H")]).toEqual([
      "db",
      "mail",
      "web",
      "mail",
      "db",
    ]);
    expect(after(three(), "m").state.selected).toBe("db");
    // Before there are rates, whoever is first in the end is not known.
    const first = arrived(begin(1), [usage("a", { cpu: 0 }), usage("b", { cpu: 0 })]);
    const second = [usage("a", { at: 9, cpu: 0 }), usage("b", { at: 9, cpu: 1 })];
    expect([first.selected, arrived(first, second).selected]).toEqual(["a", "b"]);
    expect(arrived(after(first, "k").state, second).selected).toBe("a");
    const gone = arrived(after(three(), "j").state, [usage("db"), usage("web")]);
    expect(gone.selected).toBe("db");
    expect(arrived(gone, []).selected).toBe(null);
  });
  test("filter as one types; escape shows all again", () => {
    expect(names(after(three(), "/a").state)).toBe("mail");
    expect(names(after(three(), "/ax\x7f").state)).toBe("mail");
    expect(after(three(), "/web\r").state).toMatchObject({ filter: "web", selected: "web", prompt: null });
    expect(names(after(after(three(), "/web\r").state, "\x1b").state)).toBe("db mail web");
    expect(names(after(three(), "/q").state)).toBe("");
    expect(after(three(), "/q").action).toBeUndefined();
  });
  test("freeze the container under the cursor, or let it run on", () => {
    expect(after(three(), "jz").action).toEqual({ do: "freeze", name: "mail" });
    const frozen = arrived(begin(1), [usage("db", { state: "frozen" })]);
    expect(after(frozen, "z").action).toEqual({ do: "thaw", name: "db" });
    expect(after(begin(1), "z").action).toBeUndefined();
  });
  test("change levels of the container the prompt was opened for", () => {
    expect(after(three(), "epids.l\t50\r").action).toEqual({
      do: "set",
      name: "db",
      words: ["pids.limit=50"],
      save: false,
    });
    const prompt = after(three(), "Sa=1  b=2").state;
    const moved = arrived(prompt, [usage("mail")]);
    expect(after(moved, "\r").action).toEqual({ do: "set", name: "db", words: ["a=1", "b=2"], save: true });
    expect(after(three(), "ea=1\x1b\r")).toMatchObject({ action: undefined, state: { prompt: null } });
    expect(after(three(), "e\r").action).toBeUndefined();
    expect(after(begin(1), "e").state.prompt).toBe(null);
  });
  test("a level's key is completed as far as it is certain", () => {
    expect(completed("pids.l")).toBe("pids.limit=");
    expect(completed("a=1 pids.l")).toBe("a=1 pids.limit=");
    expect(completed("mem")).toBe("memory.");
    expect(completed("nothing")).toBe("nothing");
    expect(completed("pids.limit=5")).toBe("pids.limit=5");
  });
  test("change the pace, ask for a reading, help and leave", () => {
    const pace = (keys: string, from = 1) => after(begin(from), keys).state.interval;
    expect([pace("+"), pace("-"), pace("--"), pace("++++++++++"), pace("+", 1.5), pace("-", 1.5)]).toEqual([
      2, 0.5, 0.5, 60, 2, 1,
    ]);
    expect(after(three(), " ").action).toEqual({ do: "read" });
    expect(after(three(), "?").state.help).toBe(true);
    expect(after(three(), "?m").state).toMatchObject({ help: false, order: "cpu" });
    for (const keys of ["q", "\x03", "?q", "/\x03"])
      expect(after(three(), keys).action).toEqual({ do: "quit" });
  });
});

describe("the screen", () => {
  const paint: Paint = {
    header: (text) => text,
    cursor: (text) => `<${text}>`,
    sorted: (text) => text,
    warn: (text) => `(${text})`,
    bad: (text) => `!${text}!`,
  };
  const bare: Paint = { ...paint, cursor: (text) => text, warn: (text) => text, bad: (text) => text };
  const scene = { columns: 80, rows: 12, host: { cpus: 2, memory: 4 * 2 ** 30 }, clock: "12:00:00" };

  test("in 80 columns", () => {
    expect(render(three(), scene, paint).map((line) => line.trimEnd())).toEqual([
      "warren top  12:00:00  3 containers, 2 running  by cpu  every 1 s",
      "cpu 400/200%  mem 40.0M/4.0G  read 0B write 0B in 900B out 0B per s",
      "? help  q leave  / names  z freeze  e change a level  c m i n p f sort",
      "NAME       STATE     CPU%   MEM  READ WRITE    IN   OUT PRESS  PROC NEAR FAIL",
      `<${"db         running    300 10.0M     -     -    0B    0B     -     1    -    0".padEnd(80)}>`,
      "mail       running    100 30.0M     -     -  900B    0B     -     1    -    7",
      "web        stopped      -     -     -     -     -    0B     -     1    -    -",
      ...["", "", "", ""],
      "db: memory 10.0M of unlimited  pressure cpu - memory - io -  failures 0  up 1s",
    ]);
  });
  test("never more than the window has, whatever its size", () => {
    const many = Array.from({ length: 300 }, (_, i) => usage(`${"n".repeat(i % 64)}${i}`));
    const note = { text: `why ${"long ".repeat(100)}`, bad: true };
    for (const columns of [1, 9, 20, 79, 80, 81, 120, 200, 400])
      for (const rows of [1, 4, 5, 11, 24, 100])
        for (const more of [
          {},
          { help: true },
          { note },
          { prompt: { kind: "set", text: "x".repeat(500), name: "n" } },
        ])
          for (const keys of ["", "\x1b[F"]) {
            const state = { ...after(arrived(begin(1), many), keys).state, ...more } as State;
            const lines = render(state, { ...scene, columns, rows }, bare);
            expect(lines.length).toBeLessThanOrEqual(rows);
            expect(Math.max(...lines.map((line) => Bun.stringWidth(line)))).toBeLessThanOrEqual(columns);
          }
  });
  test("keeps the cursor in sight", () => {
    const many = arrived(
      begin(1),
      Array.from({ length: 300 }, (_, i) => usage(`n${1000 + i}`)),
    );
    for (const keys of ["", "j".repeat(150), "\x1b[F", "\x1b[F\x1b[5~"]) {
      const { state } = after(many, keys);
      expect(
        render(state, scene, paint).filter((line) => line.startsWith(`<${state.selected} `)),
      ).toHaveLength(1);
    }
  });
  test("sets off what is near its limit and what failed just now", () => {
    const nearest = { key: "pids.limit", held: 95, limit: 100, ratio: 0.95 };
    const first = arrived(begin(1), [usage("a"), usage("b", { nearest, fail: 1 })]);
    const lines = render(
      arrived(first, [usage("a", { at: 1 }), usage("b", { at: 1, nearest, fail: 3 })]),
      scene,
      paint,
    );
    const line = lines.find((each) => each.startsWith("b "));
    expect(line).toContain("( 95%)");
    expect(line).toContain("!   3!");
  });
  test("has more columns where there is room, and full names", () => {
    const long = "a-name-of-thirty-three-characters";
    const state = arrived(begin(1), [usage(long, { memoryLimit: 512 * MIB })]);
    const [head = "", row = ""] = render(state, { ...scene, columns: 160 }, bare).slice(3);
    for (const { title } of CELLS) expect(head).toContain(title);
    expect(row).toContain(long);
    expect(row).toContain(" 512M ");
    const narrow = render(state, scene, bare)[4] ?? "";
    expect(narrow).toStartWith("a-name-of-th… running ");
  });
  test("obeys nothing that was written elsewhere", () => {
    const state = arrived(begin(1), [usage("\x1b[2Jx\n", { state: "\x07" as never })]);
    const note = { text: "\x1b]0;title\x07", bad: true };
    for (const line of render({ ...state, note, filter: "" }, scene, bare))
      expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  });
});

test("text fits a width whatever its letters are", () => {
  expect([fit("abc", 5), fit("abc", 5, true), fit("abcdef", 4), fit("abc", 0)]).toEqual([
    "abc  ",
    "  abc",
    "abc…",
    "",
  ]);
  expect(fit("日本語", 4)).toBe("日… ");
  expect(wrapped("one two three", 7, 2)).toEqual(["one two", "three"]);
  expect(wrapped("one two three", 5, 1)).toEqual(["one …"]);
});

test("columns are chosen by what is wanted most", () => {
  expect(layoutOf(80, 8).cells.map(({ title }) => title)).toEqual(
    CELLS.slice(0, 11).map(({ title }) => title),
  );
  expect(layoutOf(30, 8).cells.map(({ title }) => title)).toEqual(["STATE", "CPU%"]);
  expect(layoutOf(5, 8)).toEqual({ name: 5, cells: [] });
});

test("rows of one value are in the order of their names", () => {
  const rows = rowsOf([], [usage("b"), usage("c"), usage("a")]);
  expect(sorted(rows, "memory", false).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(sorted(rows, "memory", true).map(({ name }) => name)).toEqual(["a", "b", "c"]);
});
