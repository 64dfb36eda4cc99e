import { ERRORS, WarrenError } from "../../spec/errors.ts";
import { attach, Refused, refusal, type Session } from "../attach.ts";
import { at } from "../client.ts";
import { type Context, command } from "../command.ts";
import { inputKind, unwritable } from "../output.ts";
import { pairs } from "../parse.ts";

/** Exit code of `exec` when Warren, not the command, failed. */
const WARREN_FAILED = 125;

/** What `exec` and `shell` may say about how a command runs. */
export const runOptions = {
  user: {
    short: "u",
    value: "USER",
    help: "name or id of a user of the guest, or USER:GROUP; root unless told",
  },
  cwd: { short: "w", value: "DIR", help: "working directory in the guest" },
  env: { short: "e", value: "K=V", many: true, help: "a variable of the command's environment" },
} as const;

interface Run {
  name: string;
  command: string[];
  user: string | undefined;
  cwd: string | undefined;
  env: string[];
  /** `undefined`: a terminal when both ends are one. */
  tty: boolean | undefined;
  noInput: boolean;
}

/** Runs a command in a container on this process' streams; resolves with the exit code for the shell. */
export function runIn(ctx: Context, run: Run): Promise<number> {
  return attachOr125(ctx, run.name, "exec", sessionFor(ctx, run, pairs(run.env, "a variable")));
}

async function sessionFor(ctx: Context, run: Run, given: Record<string, string>): Promise<Session> {
  const { command, user, cwd } = run;
  const stdin = run.noInput ? "nothing" : await inputKind();
  const tty = run.tty ?? (stdin === "terminal" && (await ctx.out.isTerminal(1)));
  const terminal = tty ? (await import("../terminal.ts")).openTerminal() : undefined;
  const input = stdin !== "nothing";
  const env = { ...(tty && ctx.env.TERM ? { TERM: ctx.env.TERM } : {}), ...given };
  return {
    first: { command, env, user, cwd, tty, stdin: input, ...terminal?.size() },
    input: input ? () => Bun.stdin.stream() : null,
    terminal,
  };
}

/** Attaches; an error of Warren's own is told, and a command's becomes 125, so that it differs from the command's exit codes. */
export async function attachOr125(
  ctx: Context,
  name: string,
  what: "exec" | "console",
  session: Promise<Session>,
): Promise<number> {
  const container = `/v1/containers${at(name)}`;
  try {
    return await attach({ client: ctx.client, path: `${container}/${what}`, session });
  } catch (thrown) {
    const found = thrown instanceof Refused ? await refusal(ctx.client, container) : thrown;
    const error = unwritable(found) ?? found;
    if (!(error instanceof WarrenError)) throw error;
    await ctx.out.fail(error);
    return error.code === "UNREACHABLE" || error.code === "USAGE" ? ERRORS[error.code].exit : WARREN_FAILED;
  }
}

export const exec = command({
  name: "exec",
  summary: "run a command in a container",
  description:
    "Returns the command's exit code; 125 when Warren failed, 126 when it can't be executed, 127 when it is not there. " +
    "The command gets a terminal when both ends are one. Signals are passed on; the third one leaves. " +
    "In the container of an application image it has the image's environment, user and directory, unless told otherwise.",
  args: {
    name: { complete: "container", help: "name of a container that runs" },
    cmd: { rest: true, help: "the command and its arguments, as they stand" },
  },
  options: {
    tty: { short: "t", help: "give it a terminal, whatever this one is" },
    "no-tty": { short: "T", help: "give it pipes, even on a terminal" },
    "no-stdin": { short: "n", help: "do not read standard input" },
    ...runOptions,
    user: {
      ...runOptions.user,
      help: "name or id of a user of the guest, or USER:GROUP; the application's or root unless told",
    },
  },
  examples: [
    ["exec web -- systemctl status", ""],
    ["exec web -u www-data -w /srv -e LANG=C -- make", ""],
    ["exec web -- tar c /etc > etc.tar", "pipes carry any bytes"],
  ],
  async handler(given, ctx) {
    if (given.cmd.length === 0) throw new WarrenError("USAGE", "CMD is missing", "see `warren help exec`");
    const tty = given["no-tty"] ? false : given.tty ? true : undefined;
    return runIn(ctx, { ...given, command: given.cmd, tty, noInput: given["no-stdin"] });
  },
});
