import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";

/** The error for a tool that ended with a code that is a failure; quotes the last line it said. */
export function commandFailure(
  argv: readonly string[],
  code: number,
  stdout: string,
  stderr: string,
): WarrenError {
  const last = (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
  const said = last ? `: ${printable(last)}` : "";
  // A tool's last line is about one of many files; this is what a person has to know.
  if (/No space left on device|Disk quota exceeded/.test(stderr))
    return new WarrenError(
      "FAILED",
      `the disk is full: ${argv[0]} could not go on`,
      "make room and try again",
      {
        argv: [...argv],
        code,
        stderr: stderr.slice(-4000),
      },
    );
  return new WarrenError("FAILED", `${argv[0]} ended with ${code}${said}`, "see details.stderr", {
    argv: [...argv],
    code,
    stderr: stderr.slice(-4000),
  });
}

/** The error for a tool that could not even be started. */
export const notStarted = (argv: readonly string[], error: unknown): WarrenError =>
  new WarrenError(
    "UNSUPPORTED",
    `${argv[0]} could not be started: ${(error as Error).message}`,
    "install it; `warren host check` names the package",
    { argv },
  );
