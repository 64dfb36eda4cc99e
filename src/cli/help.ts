import { WarrenError } from "../spec/errors.ts";
import { type Command, GLOBAL_OPTIONS, type Option } from "./command.ts";
import { align } from "./format.ts";

type Table = Readonly<Record<string, () => Promise<Command>>>;

/** How an argument stands in a command line: `NAME`, `[KEY]...`, `-- CMD...`. */
export function usageLine(command: Command): string {
  const words = Object.entries(command.args).map(([key, argument]) => {
    const shown = key.toUpperCase();
    const one = argument.optional ? `[${shown}]` : shown;
    if (argument.rest) return argument.optional ? `[-- ${shown}...]` : `-- ${shown}...`;
    return argument.many ? `${one}...` : one;
  });
  const options = Object.keys(command.options).length > 0 ? ["[OPTION]..."] : [];
  return ["warren", command.name, ...options, ...words].join(" ");
}

/** How an option is written: `-t, --timeout S`. */
export function optionWords(name: string, option: Option): string {
  const short = option.short ? `-${option.short}, ` : "";
  const value = option.value ? ` ${option.value}` : "";
  return `${short}--${name}${value}`;
}

/** What an option does, with what it may be. */
export function optionHelp(option: Option): string {
  const choices = option.choices ? ` (${option.choices.join(", ")})` : "";
  return `${option.help}${choices}${option.many ? "; may be given several times" : ""}`;
}

function section(title: string, lines: readonly (readonly [string, string])[]): string {
  if (lines.length === 0) return "";
  return `\n${title}\n${align(lines.map(([left, right]) => [`  ${left}`, right]))}`;
}

/** The help of one command. */
export function describe(command: Command): string {
  const about = command.description ? `\n${command.description}\n` : "";
  return [
    `usage: ${usageLine(command)}\n\n${command.name}: ${command.summary}\n${about}`,
    section(
      "arguments",
      Object.entries(command.args).map(([key, argument]) => [key.toUpperCase(), argument.help]),
    ),
    section(
      "options",
      Object.entries({ ...command.options, ...GLOBAL_OPTIONS }).map(([name, option]) => [
        optionWords(name, option),
        optionHelp(option),
      ]),
    ),
    section(
      "examples",
      command.examples.map(([line, does]) => [`warren ${line}`, does]),
    ),
  ].join("");
}

/** The list of all commands. */
export async function overview(table: Table): Promise<string> {
  const commands = await Promise.all(Object.values(table).map((load) => load()));
  return [
    "usage: warren [-o table|json|yaml|csv] COMMAND\n",
    section(
      "commands",
      commands.map(({ name, summary }) => [name, summary]),
    ),
    "\n`warren help COMMAND` tells about one of them.\n",
  ].join("");
}

/** Number of letters to insert, delete, replace or swap to make one word of the other. */
export function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The error for a command that is not there, with the nearest one that is. */
export function unknownCommand(words: readonly string[], names: readonly string[]): WarrenError {
  const [first = "", second] = words;
  const group = names
    .filter((name) => name.startsWith(`${first} `))
    .map((name) => name.slice(first.length + 1));
  if (group.length > 0 && second === undefined)
    return new WarrenError("USAGE", `"${first}" needs a second word`, `one of ${group.join(", ")}`);
  const [typed, known] = group.length > 0 ? [second!, group] : [first, names];
  const all = group.length > 0 ? known : [...new Set(known.map((name) => name.split(" ")[0]!))];
  const near = all
    .map((name) => ({ name, far: distance(typed, name) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.far - b.far)[0];
  const shown = group.length > 0 ? `${first} ${typed}` : typed;
  const meant = near && (group.length > 0 ? `${first} ${near.name}` : near.name);
  return new WarrenError(
    "USAGE",
    `there is no command "${shown}"`,
    meant ? `did you mean "${meant}"` : "see `warren help`",
  );
}
