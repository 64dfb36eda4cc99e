/** The reference pages of levels, errors and events, made from their tables; pure. */
import { ERRORS } from "./errors.ts";
import { EVENT_TYPES } from "./event.ts";
import type { LevelRow, LevelWay } from "./level.ts";
import { LEVELS } from "./levels.ts";

const NOTE = "Made from the code by `npm run docs`; changes here are lost.";
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text: string): string => `\`${cell(text)}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const page = (title: string, intro: string, body: readonly string[]): string =>
  `${[`# ${title}`, `${intro}\n\n${NOTE}`, ...body].join("\n\n")}\n`;

function range({ range: { min, max, unlimited }, codec }: LevelRow): string {
  const ends = [
    min === undefined ? "" : `from ${codec.format(min)}`,
    max === undefined ? "" : `to ${codec.format(max)}`,
  ];
  return [...ends, unlimited ? "or unlimited" : ""].filter(Boolean).join(" ") || codec.forms;
}

const files = (figures: readonly { controller: string; files: readonly string[] }[]): string =>
  figures.map((each) => each.files.map(code).join(", ")).join(" + ") || "-";

/** One line for a dialect: where a level is written and where its figures are read. */
function way(name: string, { settings, held, peak, fail }: LevelWay): string[] {
  const one = (figure: LevelWay["held"]) => files(figure ? [figure] : []);
  return [name, settings.map(({ file }) => code(file)).join(", "), one(held), one(peak), files(fail ?? [])];
}

function levelSection(row: LevelRow): string {
  const { key, title, help, codec, alias, live, enforcement, ways } = row;
  const facts = [
    ["unit", codec.unit],
    ["written as", codec.forms],
    ["range", range(row)],
    ["default", row.default],
    ["changes while the container runs", live ? "yes" : "no, after a restart"],
    ["enforced by", enforcement],
    ["OpenVZ name", alias ? `${code(alias.name)}: ${alias.forms}` : "-"],
  ].map(([name = "", value = ""]) => [name, value.startsWith("`") ? value : cell(value)]);
  const dialects = [...(ways.v1 ? [way("v1", ways.v1)] : []), ...(ways.v2 ? [way("v2", ways.v2)] : [])];
  return [
    `## ${code(key)}`,
    `${title}: ${help}.`,
    table(["", ""], facts),
    table(["cgroup", "written to", "held", "peak", "failures"], dialects),
  ].join("\n\n");
}

/** docs/reference/levels.md. */
export function renderLevelsReference(): string {
  const list = table(
    ["level", "is", "unit", "default", "live", "OpenVZ"],
    LEVELS.map(({ key, title, codec, default: preset, live, alias }) => [
      `[${code(key)}](#${key.replaceAll(".", "")})`,
      cell(title),
      codec.unit,
      preset,
      live ? "yes" : "no",
      alias ? code(alias.name) : "-",
    ]),
  );
  const intro =
    "Every resource level of a container. How they are changed and what is promised stands in [levels](../levels.md).";
  return page("Levels", intro, [list, ...LEVELS.map(levelSection)]);
}

/** docs/reference/errors.md. */
export function renderErrorsReference(): string {
  const rows = Object.entries(ERRORS).map(([name, { exit, status, meaning }]) => [
    code(name),
    String(exit),
    String(status),
    cell(meaning),
  ]);
  const intro =
    "Every error has a code, one line that says what was refused and a line that says what to do. The code decides the exit code of the command and the status of the HTTP answer.";
  return page("Errors", intro, [table(["code", "exit code", "HTTP status", "means"], rows)]);
}

/** docs/reference/events.md. */
export function renderEventsReference(): string {
  const rows = Object.entries(EVENT_TYPES).map(([name, meaning]) => [code(name), cell(meaning)]);
  const intro =
    "Every change is an event with a number of its own, `seq`. Whoever keeps the last number seen and asks for what came after misses nothing.";
  return page("Events", intro, [table(["type", "means"], rows)]);
}
