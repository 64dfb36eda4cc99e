import { chmodSync, chownSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { WarrenError } from "../spec/errors.ts";

/** sun_path holds 108 bytes with the closing NUL; unix(7). */
const MOST_BYTES = 107;

/** Flag of a socket that listens (__SO_ACCEPTCON), in the fourth field of /proc/net/unix. */
const LISTENING = "00010000";

/** Whether a process listens on the socket at `path`, by the kernel's own list. */
export function isListening(path: string, table: string): boolean {
  return table.split("\n").some((line) => line.split(" ")[3] === LISTENING && line.endsWith(` ${path}`));
}

/** Clears the way for a socket: a stale one is removed. Throws LOCKED when it is served, BAD_VALUE, IN_USE. */
export function claimPath(path: string): void {
  if (Buffer.byteLength(path) > MOST_BYTES)
    throw new WarrenError(
      "BAD_VALUE",
      `${path} is too long for a socket (${MOST_BYTES} bytes)`,
      "use a shorter WARREN_DIR",
    );
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) throw new WarrenError("IN_USE", `${path} is not a socket`, "move it away");
  if (isListening(path, readFileSync("/proc/net/unix", "utf8")))
    throw new WarrenError("LOCKED", `another daemon serves ${path}`, "stop it first: warren daemon stop");
  rmSync(path);
}

/** Lets root and the group use the socket, and nobody else; root alone where there is no such group. */
export function admit(path: string, group: string): void {
  const gid = groupId(readFileSync("/etc/group", "utf8"), group);
  if (gid !== null) chownSync(path, 0, gid);
  chmodSync(path, 0o660);
}

/** Number of a group in the text of /etc/group, or `null`. */
export function groupId(text: string, group: string): number | null {
  const row = text
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === group);
  return row?.[2] && /^\d+$/.test(row[2]) ? Number(row[2]) : null;
}
