import { readdirSync, readFileSync } from "node:fs";
import { asWarrenError, WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";
import { run } from "../exec/index.ts";
import {
  buildFailure,
  mirrorsAmong,
  type Progress,
  parseDeb822,
  parseOneLine,
  progressReader,
  type Source,
} from "./text.ts";

const APT = "/etc/apt";

/** The mirrors of the distribution with these `suites` that the host's own apt is set to. */
export function hostMirrors(suites: readonly string[]): ReturnType<typeof mirrorsAmong> {
  return mirrorsAmong([...sourcesOf(`${APT}/sources.list`), ...directory(`${APT}/sources.list.d`)], suites);
}

function directory(path: string): Source[] {
  try {
    return readdirSync(path)
      .sort()
      .flatMap((name) => sourcesOf(`${path}/${name}`));
  } catch {
    return [];
  }
}

function sourcesOf(file: string): Source[] {
  if (!/\.(list|sources)$/.test(file)) return [];
  try {
    const text = readFileSync(file, "utf8");
    return file.endsWith(".list") ? parseOneLine(text) : parseDeb822(text);
  } catch {
    return [];
  }
}

export interface BuildOptions {
  /** Arguments of mmdebstrap(1), the target among them. */
  arguments: readonly string[];
  /** A directory of ours for its temporary files. */
  scratch: string;
  signal: AbortSignal;
  progress(at: Progress): void;
}

/** Half an hour: a slow line is no fault, a mirror that hangs is. */
const LONGEST = 1_800_000;

/**
 * Runs mmdebstrap. Takes about 20 s with a near mirror.
 *
 * It runs in a mount and process namespace of its own, which end with the daemon: a cancelled or orphaned build
 * leaves no process and no mount. Throws FAILED, TIMEOUT, CANCELLED, UNSUPPORTED when it isn't installed.
 */
export async function build(options: BuildOptions): Promise<void> {
  const read = progressReader();
  let partial = "";
  const onStderr = (text: string): void => {
    const lines = (partial + text).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) {
      const at = read(line);
      if (at) options.progress(at);
    }
  };
  const own = [
    "setpriv",
    "--pdeathsig=KILL",
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child=KILL",
    "--mount-proc",
  ];
  try {
    await run([...own, "mmdebstrap", "--verbose", ...options.arguments], {
      timeout: LONGEST,
      signal: options.signal,
      // Packages' scripts are run by it: they see neither the operator's HOME nor a terminal.
      env: { TMPDIR: options.scratch, HOME: "/nonexistent", DEBIAN_FRONTEND: "noninteractive" },
      onStderr,
      onStdout: onStderr,
    });
  } catch (thrown) {
    const error = asWarrenError(thrown);
    const stderr = error.details?.stderr;
    if (error.code !== "FAILED" || typeof stderr !== "string") throw error;
    throw new WarrenError(
      "FAILED",
      `mmdebstrap could not build it: ${printable(buildFailure(stderr))}`,
      "see details.stderr; the mirror is the one in /etc/apt on this host, or mmdebstrap's own default",
      { stderr },
      error,
    );
  }
}
