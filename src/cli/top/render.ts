/** The screen of `top` as lines of text: pure, the same for the same state. */
import { LEVELS } from "../../spec/levels.ts";
import type { NearLevel } from "../../spec/usage.ts";
import { type Cell, percent, short, span } from "./columns.ts";
import { fit, type Layout, layoutOf, wrapped } from "./layout.ts";
import type { Row } from "./rates.ts";
import { type State, visible } from "./state.ts";

/** How parts of the screen are set off; each leaves the text's width as it is. */
export interface Paint {
  header(text: string): string;
  cursor(text: string): string;
  /** The column that rows are sorted by. */
  sorted(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
}

/** What the host has, for the totals; `null` while unknown. */
export interface Host {
  cpus: number;
  memory: number;
}

export interface Scene {
  columns: number;
  rows: number;
  host: Host | null;
  /** Time of day, as shown. */
  clock: string;
}

/** Share of a limit from which it is set off. */
const NEAR = 0.9;
/** Lines that a note may take. */
const NOTE_LINES = 3;

const HELP = [
  "keys of warren top",
  "",
  "  up down, k j        the container above, below     page up, page down, home, end",
  "  c m i n p f         sort by CPU, memory, I/O, network, pressure, failures",
  "  < >                 sort by the column before, after",
  "  r                   the other way round",
  "  /                   show names that contain ...     escape shows all again",
  "  z                   freeze the container, or let it run on",
  "  e                   change levels now: KEY=VALUE ...; tab completes the key",
  "  S                   the same, and save them for its next start",
  "  + -                 read less often, more often     space reads now",
  "  q                   leave",
  "",
  "PRESS  percent of ten seconds in which some work had to wait, the worst of CPU, memory and I/O",
  "NEAR   how much of its limit the level has that is nearest to it",
  "FAIL   times that a limit refused something",
  "",
  "any key goes back",
];

const sum = (rows: readonly Row[], of: (row: Row) => number | null): number =>
  rows.reduce((total, row) => total + (of(row) ?? 0), 0);

/** How many containers there are, by what they do, and how the table is made. */
function summary({ rows, order, reverse, interval, filter }: State, clock: string): string {
  const running = rows.filter(({ state }) => state === "running").length;
  const frozen = rows.filter(({ state }) => state === "frozen").length;
  const parts = [
    `warren top  ${clock}`,
    `${rows.length} container${rows.length === 1 ? "" : "s"}, ${running} running${frozen ? `, ${frozen} frozen` : ""}`,
    `by ${order}${reverse ? ", reversed" : ""}`,
    `every ${interval} s`,
  ];
  return [...parts, ...(filter ? [`names with "${filter}"`] : [])].join("  ");
}

/** What all containers use together, of what the host has. */
function totals(rows: readonly Row[], host: Host | null): string {
  const rate = (key: keyof Row["rates"]): string => short(sum(rows, (row) => row.rates[key]));
  const cpu = percent(sum(rows, (row) => row.rates.cpu));
  return [
    host ? `cpu ${cpu}/${host.cpus * 100}%` : `cpu ${cpu}%`,
    `mem ${short(sum(rows, (row) => row.memory))}${host ? `/${short(host.memory)}` : ""}`,
    `read ${rate("ioRead")} write ${rate("ioWrite")} in ${rate("netIn")} out ${rate("netOut")} per s`,
  ].join("  ");
}

/** The prompt, the last command's answer, or the hint. */
function below({ prompt, note }: State, width: number, paint: Paint): string[] {
  if (prompt) {
    const what =
      prompt.kind === "filter"
        ? "names with: "
        : `${prompt.kind === "save" ? "set and save" : "set"} ${prompt.name} KEY=VALUE: `;
    // What is typed last stays in sight.
    const room = Math.max(1, width - Bun.stringWidth(what) - 1);
    return [fit(`${what}${[...prompt.text].slice(-room).join("")}_`, width).trimEnd()];
  }
  if (note) return wrapped(note.text, width, NOTE_LINES).map((line) => (note.bad ? paint.bad(line) : line));
  return [fit("? help  q leave  / names  z freeze  e change a level  c m i n p f sort", width).trimEnd()];
}

const cell = ({ width, right }: Cell, text: string): string => fit(text, width, right === true);

function rowLine(row: Row, layout: Layout, width: number, isSelected: boolean, paint: Paint): string {
  const plain = [fit(row.name, layout.name), ...layout.cells.map((each) => cell(each, each.text(row)))];
  if (isSelected) return paint.cursor(fit(plain.join(" "), width));
  const near = (row.nearest?.ratio ?? 0) >= NEAR;
  const parts = layout.cells.map((each) => {
    const text = cell(each, each.text(row));
    if (each.order === "failures" && row.failed > 0) return paint.bad(text);
    return each.order === "nearest" && near ? paint.warn(text) : text;
  });
  return [plain[0], ...parts].join(" ");
}

/** Held and limit of a level, in its unit. */
function nearText({ key, held, limit, ratio }: NearLevel): string {
  const isBytes = LEVELS.find((row) => row.key === key)?.codec.unit === "bytes";
  const show = (value: number): string => (isBytes ? short(value) : String(value));
  return `${key} ${show(held)} of ${show(limit)} (${Math.floor(ratio * 100)}%)`;
}

/** Everything about the container under the cursor that a narrow table has no room for. */
function detail(row: Row): string {
  if (row.uptime === null) return `${row.name}: ${row.state}`;
  const { cpu, memory, io } = row.pressure;
  const waits = [cpu, memory, io].map((each) => each?.toFixed(1) ?? "-");
  return [
    `${row.name}: memory ${short(row.memory)} of ${row.memoryLimit === null ? "unlimited" : short(row.memoryLimit)}`,
    ...(row.nearest ? [`nearest ${nearText(row.nearest)}`] : []),
    `pressure cpu ${waits[0]} memory ${waits[1]} io ${waits[2]}`,
    `failures ${row.fail ?? "-"}`,
    `up ${span(row.uptime)}`,
  ].join("  ");
}

/** The whole screen, at most `rows` lines of at most `columns` columns. */
export function render(state: State, scene: Scene, paint: Paint): string[] {
  const { columns: width, rows: height } = scene;
  if (state.help) return HELP.slice(0, height).map((line) => fit(line, Math.max(width, 1)).trimEnd());
  const shown = visible(state);
  const at = Math.max(
    0,
    shown.findIndex(({ name }) => name === state.selected),
  );
  const top = [
    fit(summary(state, scene.clock), width).trimEnd(),
    fit(totals(state.rows, scene.host), width).trimEnd(),
    ...below(state, width, paint),
  ];
  const selected = shown[at];
  const details = selected && height > 10 ? wrapped(detail(selected), width, 2) : [];
  const room = Math.max(0, height - top.length - 1 - details.length);
  const longest = Math.max(4, ...state.rows.map(({ name }) => name.length));
  const layout = layoutOf(width, longest);
  const titles = layout.cells.map((each) => {
    const text = cell(each, each.title);
    return each.order === state.order ? paint.sorted(text) : text;
  });
  const name = fit("NAME", layout.name);
  const used = layout.name + layout.cells.reduce((total, each) => total + each.width + 1, 0);
  const head = [state.order === "name" ? paint.sorted(name) : name, ...titles].join(" ");
  // The cursor in the middle of what is shown, as far as the ends allow.
  const first = Math.min(Math.max(0, at - Math.floor(room / 2)), Math.max(0, shown.length - room));
  const body = shown
    .slice(first, first + room)
    .map((row) => rowLine(row, layout, width, row.name === state.selected, paint));
  const rest = Math.max(0, room - body.length);
  return [
    ...top,
    paint.header(head + " ".repeat(Math.max(0, width - used))),
    ...body,
    ...(details.length > 0 ? Array<string>(rest).fill("") : []),
    ...details,
  ].slice(0, height);
}

/** Rows of the table that a screen has room for, about: what a page is. */
export const pageOf = (height: number): number => Math.max(1, height - 6);
