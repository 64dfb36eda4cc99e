/**
 * What a command is: one object with everything about it. The parser, `help`, the completions and the reference
 * page are made from these objects, so nothing is said twice.
 */
import type { Instance } from "../spec/instance.ts";
import type { Client } from "./client.ts";
import type { Output } from "./output.ts";

/** What a shell may offer for a value. */
export type Complete =
  | "container"
  | "image"
  | "level"
  | "profile"
  | "pool"
  | "operation"
  | "file"
  | "command";

/** An option of a command: `--name` and, with `short`, `-n`. */
export interface Option {
  readonly short?: string;
  /** What the value is called in the help; without it the option is a switch. */
  readonly value?: string;
  /** The value is a number, 0 or more. */
  readonly number?: true;
  /** May be given several times. */
  readonly many?: true;
  readonly choices?: readonly string[];
  readonly complete?: Complete;
  readonly help: string;
}

/** An argument of a command, in the order of the object's keys. */
export interface Argument {
  readonly optional?: true;
  /** Takes all that is left over for it. */
  readonly many?: true;
  /** Takes everything from here on as it stands, options too: a command line for someone else. */
  readonly rest?: true;
  readonly choices?: readonly string[];
  readonly complete?: Complete;
  readonly help: string;
}

type OptionValue<O extends Option> = O extends { value: string }
  ? O extends { number: true }
    ? number | undefined
    : O extends { many: true }
      ? string[]
      : string | undefined
  : boolean;

type ArgumentValue<A extends Argument> = A extends { many: true } | { rest: true }
  ? string[]
  : A extends { optional: true }
    ? string | undefined
    : string;

/** What a handler is given, by the names of its arguments and options. */
export type Given<A extends Record<string, Argument>, O extends Record<string, Option>> = {
  [K in keyof A]: ArgumentValue<A[K]>;
} & { [K in keyof O]: OptionValue<O[K]> };

/** What every handler may use. */
export interface Context {
  readonly client: Client;
  readonly out: Output;
  readonly instance: Instance;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Every command by its full name, for those that speak about commands. */
  readonly commands: Readonly<Record<string, () => Promise<Command>>>;
}

export interface Command<
  A extends Record<string, Argument> = Record<string, Argument>,
  O extends Record<string, Option> = Record<string, Option>,
> {
  /** Full name, `image build`. */
  readonly name: string;
  /** One line without a full stop, for lists. */
  readonly summary: string;
  /** What the summary leaves out; may be empty. */
  readonly description: string;
  readonly args: A;
  readonly options: O;
  /** Command lines without the leading `warren`, and what each does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Resolves with the exit code, 0 when nothing is said. */
  handler(given: Given<A, O>, ctx: Context): Promise<number | undefined>;
}

/** Ties a handler's types to its own arguments and options; at run time it is the object itself. */
export function command<const A extends Record<string, Argument>, const O extends Record<string, Option>>(
  definition: Command<A, O>,
): Command {
  return definition as unknown as Command;
}

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS = {
  output: {
    short: "o",
    value: "FORMAT",
    choices: ["table", "json", "yaml", "csv"],
    help: "how the answer is written; table unless told",
  },
  remote: { value: "NAME", help: "the host to talk to; only this one so far" },
  help: { short: "h", help: "tell about the command" },
} as const satisfies Record<string, Option>;
