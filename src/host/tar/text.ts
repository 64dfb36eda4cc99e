/** What tar says, and what it means. Pure. */
import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";

/** Bytes needed to tell how an archive is compressed. */
export const MAGIC_BYTES = 6;

/**
 * The program that unpacks an archive beginning with `head`, with its bound on memory: a hostile header may ask for
 * gigabytes. `null`: none is needed. Throws BAD_VALUE for compressions that Warren does not read.
 */
export function decompressor(head: Uint8Array): string | null {
  const begins = (...bytes: number[]) => bytes.every((b, i) => head[i] === b);
  if (begins(0x1f, 0x8b)) return "gzip";
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz --memlimit-decompress=1GiB";
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd -q --memory=1024MB";
  const other = begins(0x42, 0x5a, 0x68) ? "bzip2" : begins(0x68, 0x73, 0x71, 0x73) ? "squashfs" : undefined;
  if (other)
    throw new WarrenError(
      "BAD_VALUE",
      `the archive is ${other}, which is not read`,
      "pack it as tar with zstd, gz or xz",
    );
  return null;
}

/** What went wrong but harms nothing: the entry is left out. */
export interface Verdict {
  /** Device nodes that were not made. */
  devices: number;
  failure: WarrenError | undefined;
}

const hostile = (what: string, line: string) =>
  new WarrenError("HOSTILE", `the archive ${what}: ${line}`, "do not use it; nothing was written outside");
const broken = (what: string, fix: string) => new WarrenError("BAD_VALUE", what, fix);

/** What a line of tar's standard error means: `null` is no fault, "device" a node that was left out. */
const MEANINGS: readonly [RegExp, (line: string) => WarrenError | "device" | null][] = [
  [/Removing leading|Exiting with failure status|Error is not recoverable/, () => null],
  [/implausibly old time stamp|time stamp .* in the future/, () => null],
  [/Ignoring unknown extended header|Substituting/, () => null],
  [/Cannot mknod: Operation not permitted/, () => "device"],
  [/contains '\.\.'/, (l) => hostile("has a name that leads outside", l)],
  [/Cannot hard link to/, (l) => hostile("has a hard link to a file that is not in it", l)],
  [/Not a directory|Too many levels of symbolic links/, (l) => hostile("goes through a symbolic link", l)],
  [/File name too long/, (l) => hostile("has a name that is too long", l)],
  [
    /Wrote only \d+ of|File too large|Cannot seek to \d/,
    (l) =>
      new WarrenError(
        "HOSTILE",
        `the archive unpacks to more than there is room for: ${l}`,
        "make room if it is to be trusted; nothing of it was kept",
      ),
  ],
  [
    /Cannot change ownership to uid/,
    (l) =>
      broken(
        `the archive has files of ids beyond 65535: ${l}`,
        "pack it with ids from 0 on, as seen in the container",
      ),
  ],
  [
    /No space left on device|Disk quota exceeded/,
    () => new WarrenError("FAILED", "the disk is full", "make room and try again"),
  ],
  [
    /does not look like a tar|not in .* format|Unexpected EOF|unexpected end|Child returned status|Skipping to next header|corrupt|premature end/i,
    (l) =>
      broken(
        `the archive is broken or not a tar: ${l}`,
        "fetch it again; tar, plain or with zstd, gz or xz, is read",
      ),
  ],
];

/** A line of tar's standard error: `undefined` when it is none that is known. */
export function meaningOf(raw: string): WarrenError | "device" | null | undefined {
  const line = raw.replace(/^(tar|gzip|xz|zstd): /, "").trim();
  if (!line) return null;
  return MEANINGS.find(([pattern]) => pattern.test(line))?.[1](printable(line));
}

/** A hard link that tar could not make, for want of its target. */
export interface MissedLink {
  name: string;
  target: string;
}

const MISSED = /^tar: (.*): Cannot hard link to [\u2018'](.*)[\u2019']: No such file or directory$/;
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

/** A name as tar writes it with `--quoting-style=escape`. */
const unescaped = (name: string): string =>
  name.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  );

/** The link that a line of tar's standard error is about; `undefined` for other lines. */
export function missedLink(line: string): MissedLink | undefined {
  const found = MISSED.exec(line);
  return found ? { name: unescaped(found[1]!), target: unescaped(found[2]!) } : undefined;
}

/** Reads tar's standard error after it ended with `code`; `mayMiss`: hard links that could not be made are no fault. */
export function verdict(code: number, stderr: string, mayMiss = false): Verdict {
  let devices = 0;
  let missed = 0;
  const found: WarrenError[] = [];
  for (const line of stderr.split("\n")) {
    const meaning = meaningOf(line);
    if (mayMiss && missedLink(line)) missed++;
    else if (meaning === "device") devices++;
    else if (meaning) found.push(meaning);
    else if (meaning === undefined && code !== 0)
      found.push(
        new WarrenError(
          "FAILED",
          `the archive could not be unpacked: ${printable(line)}`,
          "see the daemon's log",
        ),
      );
  }
  // What tells of malice matters more than what follows from it.
  const failure = found.find((e) => e.code === "HOSTILE") ?? found[0] ?? silent(code, devices + missed);
  return { devices, failure };
}

function silent(code: number, leftOut: number): WarrenError | undefined {
  if (code === 0 || (code === 2 && leftOut > 0)) return undefined;
  return new WarrenError("FAILED", `tar ended with ${code}`, "see the daemon's log");
}
