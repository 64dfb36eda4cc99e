import type { Account } from "./account.ts";

/** What a command is run with. */
export interface Surroundings {
  account: Account;
  env: Readonly<Record<string, string>>;
  terminal: boolean;
  /** Directory it begins in; `~` is the account's home. `/` when absent. */
  cwd: string | undefined;
  /** Whether the guest has util-linux' setpriv, the one tool that sets supplementary groups without a login. */
  setpriv: boolean;
  /** Where the guest has Warren's own busybox: one made of an application image may have neither shell nor tools. */
  busybox?: string | undefined;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The whole environment of a command: nothing of the host's, the caller's own last so that it wins. */
export function environmentOf({ account, env, terminal }: Surroundings): Record<string, string> {
  return {
    PATH,
    HOME: account.home,
    USER: account.name,
    LANG: "C.UTF-8",
    container: "lxc",
    ...(terminal ? { TERM: "xterm-256color" } : {}),
    ...env,
  };
}

/** A constant script: directory and command reach it as arguments, never as its text. */
const CHANGE_DIRECTORY = 'cd -- "$1" || exit 125; shift; exec "$@"';

/** The same for busybox, which would take its own applets before the guest's programs; so these are looked up here. */
const FIND_PROGRAM = [
  'cd -- "$1" || exit 125',
  "shift",
  'case $1 in */*) exec "$@" ;; esac',
  "set -f",
  "IFS=:",
  "for dir in $PATH; do",
  '  if [ -f "$dir/$1" ] && [ -x "$dir/$1" ]; then',
  "    program=$dir/$1",
  "    shift",
  '    exec "$program" "$@"',
  "  fi",
  "done",
  'echo "warren: $1: not found" >&2',
  "exit 127",
].join("\n");

/** Words before and behind a program's path that make Warren's busybox become it, as somebody else. */
export function becoming(
  busybox: string,
  { uid, gid, groups }: Pick<Account, "uid" | "gid" | "groups">,
): { before: string[]; behind: string[] } {
  // Only this one sets supplementary groups, but it wants an account; the file is there so that it looks for no other process.
  const daemon = ["start-stop-daemon", "-S", "-p", "/dev/.warren/none", "-c", `${uid}:${gid}`, "-x"];
  if (groups.length > 0) return { before: [busybox, ...daemon], behind: ["--"] };
  return { before: [busybox, "nsenter", "-F", "-G", `${gid}`, "-S", `${uid}`], behind: [] };
}

/** The command as LXC is to run it, and as whom: LXC itself knows neither directories nor supplementary groups. */
export function attachCommand(
  command: readonly string[],
  { account, cwd, setpriv, busybox }: Surroundings,
): { command: string[]; uid?: number; gid?: number } {
  const { uid, gid, groups } = account;
  const directory = cwd === "~" ? account.home : (cwd ?? "/");
  const isRoot = uid === 0 && gid === 0;
  if (busybox !== undefined) {
    const shell = [busybox, "sh", "-c", FIND_PROGRAM, "sh", directory, ...command];
    if (isRoot || groups.length === 0)
      return { command: directory === "/" ? [...command] : shell, ...(isRoot ? {} : { uid, gid }) };
    const { before, behind } = becoming(busybox, account);
    return { command: [...before, busybox, ...behind, ...shell.slice(1)] };
  }
  const placed =
    directory === "/" ? [...command] : ["/bin/sh", "-c", CHANGE_DIRECTORY, "sh", directory, ...command];
  if (isRoot) return { command: placed };
  if (groups.length === 0 || !setpriv) return { command: placed, uid, gid };
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${groups.join(",")}`];
  return { command: ["/usr/bin/setpriv", ...ids, "--", ...placed] };
}
