import { constants } from "node:os";
import type { AppConfig, AppRequest } from "../spec/app.ts";
import { WarrenError } from "../spec/errors.ts";
import { type Account, resolveAccount } from "./account.ts";
import { becoming } from "./command.ts";

/** SIGRTMIN of glibc; what `SIGRTMIN+3` counts from. */
const REAL_TIME = 34;
const SIGNALS: Record<string, number> = constants.signals;

type Unknown = Record<string, unknown>;

const members = (value: unknown): Unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Unknown) : {};
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const words = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((word): word is string => typeof word === "string") : [];

/**
 * Reads an OCI image configuration (image-spec 1.1, "config.md"; Docker's is the same where it matters). What is
 * missing or of the wrong kind counts as not said. Throws BAD_VALUE for what no program can be given.
 */
export function readAppConfig(raw: unknown): { app: AppConfig; architecture: string } {
  const top = members(raw);
  const config = members(top.config);
  const env = words(config.Env).map((line): [string, string] => {
    const at = line.indexOf("=");
    return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
  });
  const app: AppConfig = {
    entrypoint: words(config.Entrypoint),
    command: words(config.Cmd),
    env: Object.fromEntries(env.filter(([key]) => key !== "")),
    cwd: text(config.WorkingDir) || "/",
    user: text(config.User),
    stopSignal: signalNumber(text(config.StopSignal)),
    ports: Object.keys(members(config.ExposedPorts)),
  };
  if (JSON.stringify(app).includes("\\u0000"))
    throw new WarrenError("BAD_VALUE", "the image's configuration has a NUL character", "do not use it");
  return { app, architecture: debianArchitecture(text(top.architecture)) };
}

/** The same as an image configuration that `readAppConfig` reads back. */
export function writeAppConfig(app: AppConfig, architecture: string): string {
  const config = {
    Entrypoint: app.entrypoint,
    Cmd: app.command,
    Env: Object.entries(app.env).map(([key, value]) => `${key}=${value}`),
    WorkingDir: app.cwd,
    User: app.user,
    StopSignal: `${app.stopSignal}`,
    ExposedPorts: Object.fromEntries(app.ports.map((port) => [port, {}])),
  };
  return `${JSON.stringify({ architecture: ociArchitecture(architecture), os: "linux", config }, null, 2)}\n`;
}

/** The number of a signal called `SIGQUIT`, `QUIT`, `SIGRTMIN+3` or `3`; SIGTERM for what is none. */
export function signalNumber(name: string): number {
  const known = SIGNALS[name.startsWith("SIG") ? name : `SIG${name}`];
  const realTime = /^(?:SIG)?RTMIN(?:\+(\d{1,2}))?$/.exec(name);
  const number = known ?? (realTime ? REAL_TIME + Number(realTime[1] ?? 0) : Number(name));
  return Number.isInteger(number) && number >= 1 && number <= 64 ? number : SIGNALS.SIGTERM!;
}

/** Debian's name for an architecture as Go and OCI call it. */
export const debianArchitecture = (name: string): string =>
  ({ "386": "i386", arm: "armhf", ppc64le: "ppc64el" })[name] ?? (name || "unknown");

const ociArchitecture = (name: string): string =>
  ({ i386: "386", armhf: "arm", ppc64el: "ppc64le" })[name] ?? name;

/** The whole command line; throws REFUSED when neither image nor launch name a program. */
export function programOf(app: AppConfig, request: AppRequest): string[] {
  const program = [...app.entrypoint, ...(request.command ?? app.command)];
  if (program.length > 0) return program;
  throw new WarrenError(
    "REFUSED",
    "the image names no program to run",
    "give one at launch: warren launch IMAGE NAME -- PROGRAM",
  );
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The program's environment: defaults, then what the image says, then what the launch says. */
export const programEnvironment = (
  app: AppConfig,
  request: AppRequest,
  { name, home }: { name: string; home: string },
): Record<string, string> => ({ PATH, HOME: home, HOSTNAME: name, ...app.env, ...request.env });

/**
 * Whom `user` of an application image means, root unless told. A number without an account has root's group: images are made for engines
 * that do so. Throws BAD_VALUE.
 */
export function programAccount(
  user: string | undefined,
  passwd: string | null,
  group: string | null,
): Account {
  const account = resolveAccount(user, passwd, group);
  return user !== undefined && /^\d+$/.test(user) && account.name === user ? { ...account, gid: 0 } : account;
}

/** A word as sh(1) reads it back, whatever is in it. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Signals that are handed on as they are: those a person sends to a server. */
const HANDED_ON = ["HUP", "INT", "QUIT", "USR1", "USR2"];

/**
 * What a guest's first process does, a script for the busybox at `busybox`: runs the program, hands signals on
 * (SIGTERM as the one the image asks for), takes up orphans and ends with the program's own code, which it puts into
 * `exitFile` first. Quotes are all that is made of the words, so that none can be read as anything else.
 */
export function programScript(p: {
  busybox: string;
  exitFile: string;
  program: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  stopSignal: number;
  /** Whom it runs as; supplementary groups are those of the guest's /etc/group, where it has any. */
  account: Pick<Account, "uid" | "gid" | "groups">;
}): string {
  const busybox = quoted(p.busybox);
  const [name = "", ...words] = p.program;
  const assignments = Object.entries(p.env).map(([key, value]) => quoted(`${key}=${value}`));
  const traps = HANDED_ON.map((signal) => `trap 'kill -s ${signal} "$app" 2>/dev/null' ${signal}`);
  const { uid, gid } = p.account;
  const isRoot = uid === 0 && gid === 0;
  const { before, behind } = isRoot ? { before: [], behind: [] } : becoming(p.busybox, p.account);
  const run = [...assignments, ...before.map(quoted), '"$program"', ...behind, ...words.map(quoted)].join(
    " ",
  );
  return [
    "end() {",
    `  echo "$1" > ${quoted(p.exitFile)}`,
    '  exit "$1"',
    "}",
    `${busybox} mkdir -p -- ${quoted(p.cwd)} 2>/dev/null`,
    `cd -- ${quoted(p.cwd)} || end 126`,
    `program=${quoted(name)}`,
    // Looked up here, for busybox would take its own applets before the image's programs.
    "case $program in",
    "  */*) ;;",
    "  *)",
    `    for dir in ${quoted(p.env.PATH ?? "").replaceAll(":", "' '")}; do`,
    '      [ -f "$dir/$program" ] && [ -x "$dir/$program" ] && program=$dir/$program && break',
    "    done",
    "    ;;",
    "esac",
    "case $program in",
    "  */*) ;;",
    '  *) echo "warren: $program: not found" && end 127 ;;',
    "esac",
    `trap 'kill -s ${p.stopSignal} "$app" 2>/dev/null' TERM`,
    ...traps,
    // So that it may open /dev/stdout again.
    ...(isRoot ? [] : [`${busybox} chown ${uid}:${gid} /dev/console`]),
    // A shell without job control has its children deaf to SIGINT and SIGQUIT; with it they may not read the terminal.
    "exec < /dev/console",
    "set -m",
    `${busybox} env -i ${run} < /dev/null &`,
    "app=$!",
    "set +m",
    // A signal ends a wait early; the program is over when it can't be signalled any more.
    'while kill -0 "$app" 2>/dev/null; do wait "$app"; done',
    'wait "$app"',
    'end "$?"',
    "",
  ].join("\n");
}
