/** What `top` shows and what keys do to it: pure, so that every key can be tested. */

import type { ContainerUsage } from "../../spec/usage.ts";
import { ORDERS, type Order, sorted } from "./columns.ts";
import { completed } from "./complete.ts";
import type { Key } from "./keys.ts";
import { type Row, rowsOf } from "./rates.ts";

/** What is typed into the line below the header. */
export interface Prompt {
  kind: "filter" | "set" | "save";
  text: string;
  /** The container it is about; empty for a filter. */
  name: string;
}

export interface State {
  rows: readonly Row[];
  order: Order;
  reverse: boolean;
  /** Part of the names that are shown. */
  filter: string;
  /** Name of the container the cursor is on. */
  selected: string | null;
  /** Whether the user put it there; before, it goes to the first row once there are rates to sort by. */
  moved: boolean;
  prompt: Prompt | null;
  help: boolean;
  /** What came of the last command. */
  note: { text: string; bad: boolean } | null;
  /** Seconds between two readings. */
  interval: number;
  /** Rows that fit on the screen, for the keys that move by pages. */
  page: number;
}

/** What the keys ask the outside for. */
export type Action =
  | { do: "quit" }
  | { do: "read" }
  | { do: "freeze" | "thaw"; name: string }
  | { do: "set"; name: string; words: string[]; save: boolean };

export interface Answer {
  state: State;
  action?: Action;
}

/** Seconds between readings that `+` and `-` walk through. */
const INTERVALS = [0.5, 1, 2, 3, 5, 10, 30, 60];

export const begin = (interval: number, order: Order = "cpu"): State => ({
  rows: [],
  order,
  reverse: false,
  filter: "",
  selected: null,
  moved: false,
  prompt: null,
  help: false,
  note: null,
  interval,
  page: 10,
});

/** The rows as they stand on the screen, from the first to the last. */
export const visible = (state: State): Row[] =>
  sorted(
    state.rows.filter(({ name }) => name.includes(state.filter)),
    state.order,
    state.reverse,
  );

/** The cursor stays on its container; where that is gone or hidden, on the first. */
function settled(state: State): State {
  const shown = visible(state);
  if (shown.some(({ name }) => name === state.selected)) return state;
  return { ...state, selected: shown[0]?.name ?? null };
}

/** A reading came. */
export function arrived(state: State, usage: readonly ContainerUsage[]): State {
  const isFirst = !state.moved && state.rows.every(({ rates }) => rates.cpu === null);
  const selected = isFirst ? null : state.selected;
  return settled({ ...state, rows: rowsOf(state.rows, usage), selected });
}

const SORT_KEYS: Readonly<Record<Key, Order>> = {
  c: "cpu",
  m: "memory",
  i: "io",
  n: "net",
  p: "pressure",
  f: "failures",
};

function moved(state: State, by: number): State {
  const names = visible(state).map(({ name }) => name);
  const at = Math.max(0, names.indexOf(state.selected ?? ""));
  const to = Math.min(names.length - 1, Math.max(0, at + by));
  return { ...state, selected: names[to] ?? null, moved: true };
}

const beside = <T>(list: readonly T[], at: number, by: number): T =>
  list[Math.min(list.length - 1, Math.max(0, at + by))]!;

function paced(state: State, by: 1 | -1): State {
  const near = INTERVALS.findIndex((each) => each >= state.interval);
  const at = near < 0 ? INTERVALS.length - 1 : near;
  // An interval between two steps counts as just below the next.
  const step = by === 1 && INTERVALS[at] !== state.interval ? 0 : by;
  return { ...state, interval: beside(INTERVALS, at, step) };
}

function typed(state: State, prompt: Prompt, key: Key): Answer {
  const to = (text: string): Answer => {
    const next = { ...state, prompt: { ...prompt, text } };
    return { state: prompt.kind === "filter" ? settled({ ...next, filter: text }) : next };
  };
  if (key === "interrupt") return { state, action: { do: "quit" } };
  if (key === "escape") {
    const filter = prompt.kind === "filter" ? "" : state.filter;
    return { state: settled({ ...state, filter, prompt: null }) };
  }
  if (key === "backspace") return to([...prompt.text].slice(0, -1).join(""));
  if (key === "clear") return to("");
  if (key === "tab") return prompt.kind === "filter" ? { state } : to(completed(prompt.text));
  if (key !== "enter") return [...key].length === 1 ? to(prompt.text + key) : { state };
  const words = prompt.text.split(" ").filter(Boolean);
  const closed = { ...state, prompt: null };
  if (prompt.kind === "filter" || words.length === 0) return { state: closed };
  return { state: closed, action: { do: "set", name: prompt.name, words, save: prompt.kind === "save" } };
}

function asked(state: State, kind: Prompt["kind"]): Answer {
  if (kind === "filter") return { state: { ...state, prompt: { kind, text: state.filter, name: "" } } };
  if (state.selected === null) return { state };
  return { state: { ...state, prompt: { kind, text: "", name: state.selected } } };
}

function frozen(state: State): Answer {
  const row = state.rows.find(({ name }) => name === state.selected);
  if (!row) return { state };
  return { state, action: { do: row.state === "frozen" ? "thaw" : "freeze", name: row.name } };
}

/** What a key makes of the state, and what it asks for. */
export function press(before: State, key: Key): Answer {
  if (before.prompt) return typed(before, before.prompt, key);
  if (key === "q" || key === "interrupt") return { state: before, action: { do: "quit" } };
  if (before.help) return { state: { ...before, help: false } };
  // A note has been read when the next key comes.
  const state = { ...before, note: null };
  const order = Object.hasOwn(SORT_KEYS, key) ? SORT_KEYS[key] : undefined;
  if (order) return { state: { ...state, order, reverse: state.order === order && !state.reverse } };
  const orders = Object.keys(ORDERS) as Order[];
  const at = orders.indexOf(state.order);
  switch (key) {
    case "up":
    case "k":
      return { state: moved(state, -1) };
    case "down":
    case "j":
      return { state: moved(state, 1) };
    case "page up":
      return { state: moved(state, -state.page) };
    case "page down":
      return { state: moved(state, state.page) };
    case "home":
      return { state: moved(state, Number.NEGATIVE_INFINITY) };
    case "end":
      return { state: moved(state, Number.POSITIVE_INFINITY) };
    case "<":
      return { state: { ...state, order: beside(orders, at, -1), reverse: false } };
    case ">":
      return { state: { ...state, order: beside(orders, at, 1), reverse: false } };
    case "r":
      return { state: { ...state, reverse: !state.reverse } };
    case "+":
      return { state: paced(state, 1) };
    case "-":
      return { state: paced(state, -1) };
    case "/":
      return asked(state, "filter");
    case "e":
      return asked(state, "set");
    case "S":
      return asked(state, "save");
    case "z":
      return frozen(state);
    case "?":
    case "h":
      return { state: { ...state, help: true } };
    case "escape":
      return { state: settled({ ...state, filter: "" }) };
    case " ":
    case "redraw":
      return { state, action: { do: "read" } };
    default:
      return { state };
  }
}
