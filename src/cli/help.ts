import { WarrenError } from "../spec/errors.ts";
import { nearest } from "../spec/nearest.ts";
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
  const near = nearest(typed, all);
  const shown = group.length > 0 ? `${first} ${typed}` : typed;
  const meant = near && (group.length > 0 ? `${first} ${near}` : near);
  return new WarrenError(
    "USAGE",
    `there is no command "${shown}"`,
    meant ? `did you mean "${meant}"` : "see `warren help`",
  );
}
