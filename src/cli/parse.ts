import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import { type Argument, type Command, GLOBAL_OPTIONS, type Option } from "./command.ts";

/** Values by name, as a handler takes them. */
export type Values = Record<string, string | number | boolean | string[] | undefined>;

interface Parsed {
  values: Values;
  /** Words that are no options, in order. */
  words: string[];
}

const usage = (message: string, name: string): WarrenError =>
  new WarrenError("USAGE", message, name ? `see \`warren help ${name}\`` : "see `warren help`");

function setOption(
  values: Values,
  key: string,
  option: Option,
  text: string,
  shown: string,
  name: string,
): void {
  if (option.choices && !option.choices.includes(text))
    throw usage(`${shown} can't be "${text}", only ${option.choices.join(", ")}`, name);
  if (option.number) {
    if (!/^\d+(\.\d+)?$/.test(text)) throw usage(`${shown} needs a number, not "${text}"`, name);
    values[key] = Number(text);
    if (Number(text) > Number.MAX_SAFE_INTEGER)
      throw usage(`${shown} needs a smaller number than ${text}`, name);
  } else if (option.many) (values[key] as string[]).push(text);
  else values[key] = text;
}

/**
 * Divides a command line into options and words: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-abc` and `--`.
 *
 * Stops at `--` and at the word behind `stopAfter` words; what is there stays in `left` as it stands.
 */
export function readOptions(
  argv: readonly string[],
  options: Readonly<Record<string, Option>>,
  stopAfter: number,
  name: string,
): Parsed & { left: string[] } {
  const values: Values = {};
  for (const key in options) if (options[key]!.many) values[key] = [];
  const words: string[] = [];
  let at = 0;
  const take = (key: string, shown: string, attached: string | undefined): void => {
    const option = options[key]!;
    if (!option.value) {
      if (attached !== undefined) throw usage(`${shown} takes no value`, name);
      values[key] = true;
      return;
    }
    const text = attached ?? argv[at++];
    if (text === undefined) throw usage(`${shown} needs a value`, name);
    setOption(values, key, option, text, shown, name);
  };
  while (at < argv.length) {
    const word = argv[at]!;
    // A negative number is a value; no option is a digit.
    const isOption = /^-[^0-9]/.test(word);
    if (word === "--" || (!isOption && words.length >= stopAfter)) break;
    at++;
    if (word.startsWith("--")) {
      const cut = word.indexOf("=");
      const key = cut < 0 ? word.slice(2) : word.slice(2, cut);
      if (!Object.hasOwn(options, key)) throw usage(`there is no option --${key}`, name);
      take(key, `--${key}`, cut < 0 ? undefined : word.slice(cut + 1));
    } else if (isOption) {
      for (let i = 1; i < word.length; i++) {
        const shown = `-${word[i]}`;
        const key = Object.keys(options).find((k) => options[k]!.short === word[i]);
        if (key === undefined) throw usage(`there is no option ${shown}`, name);
        const attached = options[key]!.value && i + 1 < word.length ? word.slice(i + 1) : undefined;
        take(key, shown, attached);
        if (options[key]!.value) break;
      }
    } else words.push(word);
  }
  return { values, words, left: argv.slice(at) };
}

/** Gives each argument its words; those behind a `many` one take theirs from the end. */
function setArguments(
  values: Values,
  args: Readonly<Record<string, Argument>>,
  words: string[],
  name: string,
): void {
  const keys = Object.keys(args);
  const needed = keys.filter((k) => !args[k]!.optional).length;
  if (words.length < needed) {
    const missing = keys.filter((k) => !args[k]!.optional)[words.length]!;
    throw usage(`${missing.toUpperCase()} is missing`, name);
  }
  let at = 0;
  for (const [i, key] of keys.entries()) {
    const argument = args[key]!;
    const behind = keys.slice(i + 1).filter((k) => !args[k]!.optional).length;
    const end =
      argument.many || argument.rest ? words.length - behind : Math.min(at + 1, words.length - behind);
    const own = words.slice(at, Math.max(at, end));
    at += own.length;
    for (const word of own)
      if (argument.choices && !argument.choices.includes(word))
        throw usage(`${key.toUpperCase()} can't be "${word}", only ${argument.choices.join(", ")}`, name);
    values[key] = argument.many || argument.rest ? own : own[0];
  }
  if (at < words.length) throw usage(`"${words[at]}" is one word too many`, name);
}

/** Reads the command line behind a command's name. Throws USAGE. */
export function parse(command: Command, argv: readonly string[]): Values {
  const { name, args } = command;
  const options: Record<string, Option> = { ...GLOBAL_OPTIONS, ...command.options };
  const rest = Object.keys(args).findIndex((k) => args[k]!.rest);
  const { values, words, left } = readOptions(
    argv,
    options,
    rest < 0 ? Number.POSITIVE_INFINITY : rest,
    name,
  );
  if (values.help) return values;
  if (left[0] === "--") left.shift();
  setArguments(values, args, [...words, ...left], name);
  return values;
}

/** `key=value` pairs as an object; throws USAGE for a text without a key or "=", or a key given twice. */
export function pairs(texts: readonly string[], what: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const text of texts) {
    const cut = text.indexOf("=");
    if (cut < 1)
      throw new WarrenError("USAGE", `"${printable(text)}" is not ${what}`, "write it as KEY=VALUE");
    const key = text.slice(0, cut);
    if (Object.hasOwn(found, key))
      throw new WarrenError("USAGE", `"${printable(key)}" is given twice`, "give it once");
    found[key] = text.slice(cut + 1);
  }
  return found;
}
