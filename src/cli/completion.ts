import { type Argument, type Command, type Complete, GLOBAL_OPTIONS, type Option } from "./command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

/** What prints the words for a kind of value, one a line. */
const ASK: Record<Exclude<Complete, "file" | "command">, string> = {
  container: "warren list --columns name --no-header",
  image: "warren image list --columns alias --no-header",
  level: "warren levels --columns key --no-header",
  profile: "warren profile list --columns name --no-header",
  pool: "warren pool list --columns name --no-header",
  operation: "warren operation list --columns id --no-header",
};

const optionsOf = (command: Command): [string, Option][] =>
  Object.entries({ ...command.options, ...GLOBAL_OPTIONS });
/** What the arguments of a command are, for shells that offer the same for all of them. */
const offers = (command: Command): Argument[] => Object.values(command.args);
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Bash and zsh: the words a value may be, or `files`. */
function values(offer: Pick<Argument, "choices" | "complete">, names: readonly string[]): string {
  if (offer.choices) return `words ${quoted(offer.choices.join(" "))}`;
  if (offer.complete === "file") return "files";
  if (offer.complete === "command") return `words ${quoted(names.join(" "))}`;
  return offer.complete ? `ask ${ASK[offer.complete]}` : "words ''";
}

/** The part that bash and zsh share: what is offered behind which words. */
function cases(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const after: string[] = [];
  const options: string[] = [];
  const words: string[] = [];
  for (const command of commands) {
    const all = optionsOf(command);
    for (const [name, option] of all)
      if (option.value) {
        const short = option.short ? `|${quoted(`${command.name} -${option.short}`)}` : "";
        after.push(
          `    ${quoted(`${command.name} --${name}`)}${short}) _warren_${values(option, names)}; return ;;`,
        );
      }
    options.push(
      `      ${quoted(command.name)}) _warren_words ${quoted(all.map(([name]) => `--${name}`).join(" "))} ;;`,
    );
    const lines = [...new Set(offers(command).map((offer) => values(offer, names)))].filter(
      (v) => v !== "words ''",
    );
    words.push(`    ${quoted(command.name)}) ${lines.map((line) => `_warren_${line}`).join("; ") || ":"} ;;`);
  }
  const seconds = new Map<string, string[]>();
  for (const [first, second] of names.map((name) => name.split(" ")))
    if (second) seconds.set(first!, [...(seconds.get(first!) ?? []), second]);
  const groups = [...seconds].map(
    ([first, list]) => `    ${quoted(first)}) _warren_words ${quoted(list.join(" "))} ;;`,
  );
  const firsts = [...new Set(names.map((name) => name.split(" ")[0]!))];
  return `  case "$command $prev" in
${after.join("\n")}
  esac
  case "$cur" in
    -*)
      case "$command" in
${options.join("\n")}
      *) _warren_words '--output --help --version' ;;
      esac
      return ;;
  esac
  case "$words" in
    '') _warren_words ${quoted(firsts.join(" "))} ;;
${groups.join("\n")}
  esac
  case "$command" in
${words.join("\n")}
  esac`;
}

/** Finds the command in the words before the cursor; options and the value of -o are no part of its name. */
const finder = (commands: readonly Command[]): string =>
  `    case "$word" in
      -o|--output|--remote) skip=1; continue ;;
      -*) continue ;;
    esac
    if [ -n "$skip" ]; then skip=''; continue; fi
    words="\${words:+$words }$word"
    case "$words" in
      ${commands.map(({ name }) => quoted(name)).join("|")}) command=$words ;;
    esac`;

const bash = (commands: readonly Command[]): string => `# bash completion for warren
_warren_words() { COMPREPLY+=($(compgen -W "$1" -- "$cur")); }
_warren_ask() { COMPREPLY+=($(compgen -W "$("$@" 2>/dev/null | tr ',' ' ')" -- "$cur")); }
_warren_files() { compopt -o default; COMPREPLY=(); }
_warren() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words='' command='' skip='' word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
${finder(commands)}
  done
${cases(commands)}
}
complete -F _warren warren
`;

const zsh = (commands: readonly Command[]): string => `#compdef warren
_warren_words() { compadd -- \${=1}; }
_warren_ask() { compadd -- \${=\${"$("$@" 2>/dev/null)"//,/ }}; }
_warren_files() { _files; }
_warren() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} command='' skip='' word
  local -a before; before=("\${(@)words[2,CURRENT-1]}")
  local words=''
  for word in "\${before[@]}"; do
${finder(commands)}
  done
${cases(commands)}
}
if [ "$funcstack[1]" = "_warren" ]; then _warren "$@"; else compdef _warren warren; fi
`;

function fishValues(offer: Pick<Argument, "choices" | "complete">, names: readonly string[]): string {
  if (offer.choices) return ` -a ${quoted(offer.choices.join(" "))}`;
  if (offer.complete === "file") return " -F";
  if (offer.complete === "command") return ` -a ${quoted(names.join(" "))}`;
  return offer.complete
    ? ` -a ${quoted(`(${ASK[offer.complete]} 2>/dev/null | string split , | string trim)`)}`
    : "";
}

function fish(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const lines = [
    "# fish completion for warren",
    "function __warren_words",
    "  set -l words (string match -v -- '-*' (commandline -opc))",
    "  set -e words[1]",
    '  string join " " -- $words',
    "end",
    "function __warren_at",
    "  set -l words (__warren_words)",
    '  test "$words" = "$argv"',
    "end",
    "function __warren_in",
    "  set -l words (__warren_words)",
    `  string match -q -r -- "^$argv"'( |$)' "$words"`,
    "end",
    "complete -c warren -f",
  ];
  const groups = new Set(names.filter((name) => name.includes(" ")).map((name) => name.split(" ")[0]!));
  for (const group of groups)
    if (!names.includes(group)) lines.push(`complete -c warren -n '__warren_at' -a ${group}`);
  for (const command of commands) {
    const cut = command.name.lastIndexOf(" ");
    const front = cut < 0 ? "" : command.name.slice(0, cut);
    const last = command.name.slice(cut + 1);
    lines.push(
      `complete -c warren -n '__warren_at${front && ` ${front}`}' -a ${last} -d ${quoted(command.summary)}`,
    );
    const here = `-n '__warren_in ${command.name}'`;
    for (const [name, option] of optionsOf(command)) {
      const short = option.short ? ` -s ${option.short}` : "";
      const value = option.value ? ` -x${fishValues(option, names)}` : "";
      lines.push(`complete -c warren ${here} -l ${name}${short}${value} -d ${quoted(option.help)}`);
    }
    for (const offer of offers(command)) {
      const value = fishValues(offer, names);
      if (value) lines.push(`complete -c warren ${here}${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A completion script made from the commands. */
export function completionScript(shell: (typeof SHELLS)[number], commands: readonly Command[]): string {
  return { bash, zsh, fish }[shell](commands);
}
