/**
 * Handles on processes that are not our children: told when they end, signalled without hitting another by mistake.
 *
 * What must never happen here: a signal to a pid that was given to another process meanwhile.
 */
import { closeSync } from "node:fs";
import { epollAdd, epollCreate, epollReady, pidfd, signalPidfd } from "../syscall/index.ts";

export interface Exits {
  /** Calls `ended` once when the process ends; false when it is gone already. The answer stops the watch. */
  watch(pid: number, ended: () => void): (() => void) | null;
  /** Looks now instead of at the next tick. */
  look(): void;
  stop(): void;
}

/** Milliseconds between looks; one look is one system call whatever the number of containers. */
const TICK = 100;

export function watchExits(): Exits {
  const epoll = epollCreate();
  const watched = new Map<number, () => void>();
  const forget = (fd: number): void => {
    if (watched.delete(fd)) closeSync(fd);
  };
  const look = (): void => {
    for (const fd of watched.size > 0 ? epollReady(epoll) : []) {
      const ended = watched.get(fd);
      forget(fd);
      ended?.();
    }
  };
  const timer = setInterval(look, TICK);
  return {
    watch(pid, ended) {
      const fd = pidfd(pid);
      if (fd === null) return null;
      epollAdd(epoll, fd);
      watched.set(fd, ended);
      return () => forget(fd);
    },
    look,
    stop() {
      clearInterval(timer);
      for (const fd of [...watched.keys()]) forget(fd);
      closeSync(epoll);
    },
  };
}

/** Sends a signal to the process that has `pid` now, provided `still` says it is the one meant; false when it is gone. */
export function signal(pid: number, number: number, still: () => boolean): boolean {
  const fd = pidfd(pid);
  if (fd === null) return false;
  try {
    return still() && signalPidfd(fd, number);
  } finally {
    closeSync(fd);
  }
}
