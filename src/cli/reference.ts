/** The reference page of the command line, made from the commands themselves. Run as a program it prints the page. */
import { ERRORS, type ErrorCode } from "../spec/errors.ts";
import type { Command } from "./command.ts";
import { GLOBAL_OPTIONS } from "./command.ts";
import { optionHelp, optionWords, usageLine } from "./help.ts";
import { COMMANDS } from "./table.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

function rows(head: readonly [string, string], lines: readonly (readonly [string, string])[]): string {
  if (lines.length === 0) return "";
  const body = lines.map(([left, right]) => `| ${cell(left)} | ${cell(right)} |\n`).join("");
  return `\n| ${head[0]} | ${head[1]} |\n|---|---|\n${body}`;
}

function page(command: Command): string {
  const { name, summary, description, args, options, examples } = command;
  const sentence = `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
  const code = examples.map(([line, does]) => `warren ${line}${does ? `   # ${does}` : ""}\n`).join("");
  return [
    `\n## ${name}\n\n${[sentence, description].filter(Boolean).join(" ")}\n\n    ${usageLine(command)}\n`,
    rows(
      ["argument", "is"],
      Object.entries(args).map(([key, argument]) => [`\`${key.toUpperCase()}\``, argument.help]),
    ),
    rows(
      ["option", "does"],
      Object.entries(options).map(([key, option]) => [`\`${optionWords(key, option)}\``, optionHelp(option)]),
    ),
    code ? `\n\`\`\`sh\n${code}\`\`\`\n` : "",
  ].join("");
}

/** The exit codes, each with the error codes that lead to it. */
function exitCodes(): string {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of Object.keys(ERRORS) as ErrorCode[])
    codes.set(ERRORS[code].exit, [...(codes.get(ERRORS[code].exit) ?? []), code]);
  const lines = [...codes]
    .sort(([a], [b]) => a - b)
    .map(([exit, names]): [string, string] => [
      String(exit),
      names.map((name) => `\`${name}\`: ${ERRORS[name].meaning}`).join("; "),
    ]);
  return rows(["code", "means"], [["0", "done"], ...lines]);
}

/** The whole page as Markdown. */
export async function renderCliReference(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return [
    "# Command line\n\nMade from `src/cli` by `npm run docs`; change the commands, not this page.\n",
    "\n    warren [-o table|json|yaml|csv] COMMAND\n\nOptions of every command, before or after its name:\n",
    rows(
      ["option", "does"],
      Object.entries(GLOBAL_OPTIONS).map(([key, option]) => [
        `\`${optionWords(key, option)}\``,
        optionHelp(option),
      ]),
    ),
    "\nShort forms: `ls` and `ps` (list), `rm` (delete), `mv` (rename), `cp` (copy), `sh` (shell). ",
    "`WARREN_DIR` (an absolute path) chooses the instance.\n",
    "\n## Exit codes\n",
    exitCodes(),
    "\nAn error is one line on standard error: `warren: MESSAGE; FIX`; with `-o json` it is `{code, message, fix, details}`. ",
    "`exec`, `shell` and `console` return the command's own exit code, or 125 when Warren failed. ",
    "A program whose reader went away ends with 141.\n",
    ...commands.map(page),
  ].join("");
}

if (import.meta.main) await Bun.write(Bun.stdout, await renderCliReference());
