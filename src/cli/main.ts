/**
 * The command line's start: finds the command, reads its options, runs it, tells of errors. Only the one command's
 * file is loaded; every source file costs about 0.3 ms at each start.
 */
import { asWarrenError, ERRORS, SEE_API, WarrenError } from "../spec/errors.ts";
import { type Instance, instanceOf } from "../spec/instance.ts";
import { createClient } from "./client.ts";
import { type Context, GLOBAL_OPTIONS } from "./command.ts";
import { createOutput, unwritable } from "./output.ts";
import { parse, readOptions, type Values } from "./parse.ts";
import { COMMANDS, find } from "./table.ts";
import type { Format } from "./text.ts";

/** Exit code of a program whose reader went away, as the shell counts SIGPIPE. */
const BROKEN_PIPE = 141;

/** The format asked for anywhere before a `--`, for errors that come before the line is understood. */
function formatHint(argv: readonly string[]): Format {
  const end = argv.indexOf("--");
  const text = (end < 0 ? argv : argv.slice(0, end)).join(" ");
  return /(^| )(-o ?|--output[= ])json( |$)/.test(text) ? "json" : "table";
}

/** Longest path of a unix socket (sun_path, less the end mark). */
const SOCKET_PATH = 107;

/** The instance for WARREN_DIR. Throws USAGE for a path that sockets and mounts can't have. */
function instanceFrom(dir: string | undefined): Instance {
  const bad = (why: string, fix: string): WarrenError =>
    new WarrenError("USAGE", `WARREN_DIR "${dir}" ${why}`, fix, { dir });
  if (dir && !/^\/[\w.%@+/-]*$/.test(dir))
    throw bad("is not usable", "give an absolute path of letters, digits and . _ - + @ %");
  const instance = instanceOf(dir);
  if (instance.socket.length > SOCKET_PATH)
    throw bad(
      "is too long for a socket",
      `give one of at most ${SOCKET_PATH - "/run/warren.sock".length} bytes`,
    );
  return instance;
}

async function prepare(
  argv: readonly string[],
): Promise<{ run: () => Promise<number | undefined>; format: Format; help?: string }> {
  const front = readOptions(argv, { ...GLOBAL_OPTIONS, version: { help: "" } }, 0, "");
  const words = front.left[0] === "--" ? front.left.slice(1) : front.left;
  const [first = "", second = ""] = words;
  const group = second === "-h" || second === "--help" ? find(["help", first]) : undefined;
  const found = find(front.values.version ? ["version", "--client"] : words) ?? group;
  if (!found || (front.values.help && words.length === 0)) {
    const { unknownCommand, overview } = await import("./help.ts");
    if (words.length > 0) throw unknownCommand(words, Object.keys(COMMANDS));
    const output = createOutput("table");
    const text = await overview(COMMANDS);
    const run = async (): Promise<number> => {
      if (!front.values.help) await output.note(text.trimEnd());
      else await output.write(text);
      return front.values.help ? 0 : ERRORS.USAGE.exit;
    };
    return { run, format: "table" };
  }
  const command = await found.load();
  const values: Values = { ...parse(command, found.rest) };
  for (const key of ["output", "remote", "help"]) values[key] ??= front.values[key];
  if (values.help) {
    const { describe } = await import("./help.ts");
    return { run: async () => void (await createOutput("table").write(describe(command))), format: "table" };
  }
  if (values.remote !== undefined)
    throw new WarrenError(
      "UNSUPPORTED",
      `no remote host "${values.remote}" can be reached`,
      "leave --remote out",
    );
  const format = (values.output ?? "table") as Format;
  const instance = instanceFrom(Bun.env.WARREN_DIR);
  const out = createOutput(format);
  const ctx: Context = { client: createClient(instance), out, instance, env: Bun.env, commands: COMMANDS };
  return {
    run: () => command.handler(values as never, ctx),
    format,
    help: `see \`warren help ${command.name}\``,
  };
}

/** What was thrown, in a person's terms: where the command line itself was at fault, its own help is the cure. */
function told(thrown: unknown, help: string): WarrenError {
  const error = unwritable(thrown) ?? asWarrenError(thrown);
  return error.fix === SEE_API ? new WarrenError(error.code, error.message, help, error.details) : error;
}

async function main(argv: readonly string[]): Promise<number> {
  let format = formatHint(argv);
  let help = "see `warren help`";
  try {
    const prepared = await prepare(argv);
    format = prepared.format;
    help = prepared.help ?? help;
    return (await prepared.run()) ?? 0;
  } catch (thrown) {
    if ((thrown as { code?: unknown } | undefined)?.code === "EPIPE") return BROKEN_PIPE;
    const error = told(thrown, help);
    // Nobody can be told that nobody can be told.
    await createOutput(format)
      .fail(error)
      .catch(() => undefined);
    return ERRORS[error.code].exit;
  }
}

main(Bun.argv.slice(2)).then(process.exit);
