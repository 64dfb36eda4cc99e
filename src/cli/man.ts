/** The manual page warren(1), made from the commands themselves; pure. */
import { ERRORS, type ErrorCode } from "../spec/errors.ts";
import { type Command, GLOBAL_OPTIONS, type Option } from "./command.ts";
import { optionHelp, optionWords, usageLine } from "./help.ts";

/** Text as roff(7) must have it: no escape, no request at the start of a line, hyphens that can be copied. */
export const escapeRoff = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replace(/^([.'])/gm, "\\&$1");

const bold = (text: string): string => `\\fB${escapeRoff(text)}\\fR`;
/** Backquoted words are set in bold. */
const prose = (text: string): string =>
  text
    .split("`")
    .map((part, i) => (i % 2 === 1 ? bold(part) : escapeRoff(part)))
    .join("")
    .replace(/^(?=[.'])/gm, "\\&");

const item = (term: string, about: string): string => `.TP\n${term}\n${prose(about)}\n`;
const options = (all: Readonly<Record<string, Option>>): string =>
  Object.entries(all)
    .map(([name, option]) => item(bold(optionWords(name, option)), optionHelp(option)))
    .join("");
const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

function section(command: Command): string {
  const { name, summary, description, args, examples } = command;
  const lines = examples.map(([line, does]) => escapeRoff(`warren ${line}${does ? `   # ${does}` : ""}`));
  return [
    `.SS ${escapeRoff(name)}\n${bold(usageLine(command))}\n.PP\n`,
    `${prose([sentence(summary), description].filter(Boolean).join(" "))}\n`,
    ...Object.entries(args).map(([key, { help }]) => item(`\\fI${escapeRoff(key.toUpperCase())}\\fR`, help)),
    options(command.options),
    lines.length > 0 ? `.PP\nExamples:\n.PP\n.nf\n.RS\n${lines.join("\n")}\n.RE\n.fi\n` : "",
  ].join("");
}

function exitCodes(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const exits = [...new Set(codes.map((code) => ERRORS[code].exit))].sort((a, b) => a - b);
  const meaning = (exit: number): string =>
    codes
      .filter((code) => ERRORS[code].exit === exit)
      .map((code) => `${code}: ${ERRORS[code].meaning}`)
      .join("; ");
  return [item(bold("0"), "done"), ...exits.map((exit) => item(bold(String(exit)), meaning(exit)))].join("");
}

const FILES: readonly (readonly [path: string, about: string])[] = [
  [
    "/etc/warren/config.json",
    "what the operator decides: address ranges, resolvers, the group that may use the socket",
  ],
  ["/var/lib/warren", "records, images and containers"],
  ["/run/warren/warren.sock", "the daemon's socket, for root and the group `warren`"],
];

/** The page's roff source. `date` is written as YYYY-MM-DD. */
export function renderManPage(commands: readonly Command[], version: string, date: string): string {
  return [
    `.\\" Made from the commands; change those, not this page.\n.TH WARREN 1 "${date}" "Warren ${escapeRoff(version)}" "Warren"\n.nh\n.ad l\n`,
    ".SH NAME\nwarren \\- many virtual private servers on one Linux kernel\n",
    `.SH SYNOPSIS\n${bold("warren [-o table|json|yaml|csv] COMMAND")}\n`,
    `.SH DESCRIPTION\n${prose("Each container is a whole server, with its own init, users, files, network and limits, running on the host's own kernel; its limits change while it runs. `warren launch debian/13 web` makes and starts one.")}\n`,
    `.SH OPTIONS\nOf every command, before or after its name.\n${options(GLOBAL_OPTIONS)}`,
    `.SH COMMANDS\n${commands.map(section).join("")}`,
    `.SH EXIT STATUS\n${exitCodes()}`,
    `.SH ENVIRONMENT\n${item(bold("WARREN_DIR"), "an absolute path that chooses another instance, with state, socket and configuration below it")}`,
    `.SH FILES\n${FILES.map(([path, about]) => item(bold(path), about)).join("")}`,
    `.SH SEE ALSO\n${["lxc(7)", "lxcfs(1)", "nft(8)", "systemd(1)"].map((page) => `.BR ${page.replace("(", " (")}`).join(" ,\n")}\n`,
  ].join("");
}
