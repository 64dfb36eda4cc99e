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

/** The command as LXC is to run it, and as whom: LXC itself knows neither directories nor supplementary groups. */
export function attachCommand(
  command: readonly string[],
  { account, cwd, setpriv }: Surroundings,
): { command: string[]; uid?: number; gid?: number } {
  const { uid, gid, groups } = account;
  const directory = cwd === "~" ? account.home : (cwd ?? "/");
  const placed =
    directory === "/" ? [...command] : ["/bin/sh", "-c", CHANGE_DIRECTORY, "sh", directory, ...command];
  if (uid === 0 && gid === 0) return { command: placed };
  if (groups.length === 0 || !setpriv) return { command: placed, uid, gid };
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${groups.join(",")}`];
  return { command: ["/usr/bin/setpriv", ...ids, "--", ...placed] };
}
