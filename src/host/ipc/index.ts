/**
 * System V shared memory, message queues and semaphores of a guest: the sysctls of its IPC namespace.
 *
 * What must never happen here: a write that lands in the host's own namespace.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { asUser, inIpcOf } from "../syscall/index.ts";
import { countOf, type IpcUse, PAGE, semSets, shmBytes, withSemSets } from "./text.ts";

export { type IpcUse, PAGE } from "./text.ts";

const KERNEL = "/proc/sys/kernel";
const LISTS = "/proc/sysvipc";
const read = (path: string): string => readFileSync(path, "latin1").trim();

/** Names of the sysctls (Documentation/admin-guide/sysctl/kernel.rst), for LXC's configuration and sysctl(8). */
export const SYSCTLS = { shm: "kernel.shmall", msg: "kernel.msgmni", sem: "kernel.sem" } as const;
export type IpcKind = keyof typeof SYSCTLS;

/** What the namespace of a process may have and has. Throws FAILED when the process is gone. */
export function ipcUse(pid: number): IpcUse {
  return inIpcOf(pid, () => ({
    shm: {
      limit: String(BigInt(read(`${KERNEL}/shmall`)) * PAGE),
      held: shmBytes(readFileSync(`${LISTS}/shm`, "latin1")),
    },
    msg: { limit: read(`${KERNEL}/msgmni`), held: countOf(readFileSync(`${LISTS}/msg`, "latin1")) },
    sem: {
      limit: semSets(read(`${KERNEL}/sem`)),
      held: countOf(readFileSync(`${LISTS}/sem`, "latin1")),
    },
  }));
}

/** ULONG_MAX - 2^24 pages: what a new namespace begins with, and what the kernel takes for no limit. */
const NO_SHMALL = "18446744073692774399";

/** Where a limit is written by who is in the namespace. */
export const ipcFile = (kind: IpcKind): string => `${KERNEL}/${SYSCTLS[kind].slice("kernel.".length)}`;

/** The text of a sysctl for a limit. */
export function ipcText(kind: IpcKind, limit: string, sem = defaultSem()): string {
  if (kind === "shm") return limit === "max" ? NO_SHMALL : String(BigInt(limit) / PAGE);
  return kind === "msg" ? limit : withSemSets(sem, limit);
}

/** What a new namespace begins with (SEMMSL, SEMMNS, SEMOPM, SEMMNI; linux/sem.h), Linux 3.19 and later. */
const defaultSem = (): string => "32000 1024000000 500 32000";

/**
 * Sets one limit in the namespace of a process; `root` is the host id of the guest's root, whom alone the kernel lets
 * write there (ipc/ipc_sysctl.c). Throws FAILED, or the kernel's answer.
 */
export function limitIpc(pid: number, root: number, kind: IpcKind, limit: string): void {
  inIpcOf(pid, () => {
    const file = ipcFile(kind);
    const text = ipcText(kind, limit, kind === "sem" ? read(file) : undefined);
    asUser(root, () => writeFileSync(file, text));
  });
}
