/** All that lxc-attach is told of a command. */
export interface AttachRequest {
  lxcPath: string;
  name: string;
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  /** Ids inside; root when absent. */
  uid?: number;
  gid?: number;
  command: readonly string[];
}

/** What a tool of LXC writes in front of its own complaints (LXC 5.0). */
export const complaintPrefix = (tool: "lxc-attach" | "lxc-console", name: string): string =>
  `${tool}: ${name}: `;

/** The arguments of lxc-attach(1); what it complains of goes to the file `log`. */
export function attachArguments(request: AttachRequest, log: string): string[] {
  const { lxcPath, name, env, uid, gid, command } = request;
  const variables = Object.entries(env).flatMap(([key, value]) => ["-v", `${key}=${value}`]);
  const ids = uid === undefined ? [] : ["-u", String(uid), "-g", String(gid ?? uid)];
  return [
    "-P",
    lxcPath,
    "-n",
    name,
    "-o",
    log,
    "-l",
    "ERROR",
    "--clear-env",
    ...variables,
    ...ids,
    "--",
    ...command,
  ];
}

/** The arguments of lxc-console(1) for /dev/console; a prefix outside of the letters takes every key as it is. */
export function consoleArguments(lxcPath: string, name: string, log: string): string[] {
  return ["-P", lxcPath, "-n", name, "-o", log, "-l", "ERROR", "-q", "-t", "0", "-e", "-1"];
}

/** Why no command ran: its file (`exec`), or LXC itself (`attach`). */
export interface AttachFailure {
  why: "exec" | "attach";
  /** 127 not found, 126 not executable; 125 when the command is not to blame. */
  code: 125 | 126 | 127;
  message: string;
}

const ENOENT = 2;
const EACCES = 13;

/** Why a program could not be begun, by the kernel's number (execve(2)). */
export const programFailure = (errno: number): AttachFailure => ({
  why: "exec",
  code: errno === ENOENT ? 127 : 126,
  message:
    errno === ENOENT
      ? "no such file or directory"
      : errno === EACCES
        ? "permission denied"
        : `it can't be run (errno ${errno})`,
});

/** `lxc-attach NAME TIME ERROR    attach - ../src/lxc/attach.c:lxc_attach_run_command:1841 - REASON - TEXT`. */
const COMPLAINT = /^\S+ \S+ \S+ ERROR +\S+ - \S+:(\w+):\d+ - (.*)$/;

/** Reads the log of lxc-attach, which ended with `code`; `null` when the exit code is the command's own. */
export function attachFailure(log: string, code: number): AttachFailure | null {
  const complaints = log.split("\n").flatMap((line) => {
    const found = COMPLAINT.exec(line);
    return found ? [{ from: found[1]!, text: found[2]! }] : [];
  });
  const exec = complaints.find(({ from }) => from === "lxc_attach_run_command");
  if (exec) {
    const reason = exec.text.split(" - ")[0]!;
    return {
      why: "exec",
      code: reason === "No such file or directory" ? 127 : 126,
      message: reason.toLowerCase(),
    };
  }
  if (code === 0) return null;
  const first = complaints[0];
  return first ? { why: "attach", code: 125, message: first.text } : null;
}
