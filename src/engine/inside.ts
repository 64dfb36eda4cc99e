/**
 * Keeps what guests see of themselves in /proc true: lxcfs serves it to all of them, and when it ends every read of
 * those files fails in every guest, until another is started and put in its place.
 */
import { ensureLxcfs, renewView, serverOf } from "../host/lxcfs/index.ts";
import { parent } from "../host/proc/index.ts";
import { type Context, lockOf } from "./context.ts";
import { tellInside } from "./level-inside.ts";
import { cgroupOf } from "./root.ts";

/** Milliseconds between attempts, and least between two ends of lxcfs: one that ends at once must not keep us busy. */
const PAUSE = 1_000;

/** Watches lxcfs and puts guests in order that lost sight of it while no daemon ran; `stop` ends the watch. */
export function keepView(c: Context): { stop(): void } {
  let timer: Timer | undefined;
  let stopped = false;
  const later = (ms: number): void => {
    timer = setTimeout(() => void again(), ms);
  };
  const watch = (): void => {
    const began = performance.now();
    const ended = (): void => {
      c.log("error", "lxcfs ended; guests can't read their own /proc until another is there");
      later(Math.max(0, began + PAUSE - performance.now()));
    };
    const pid = serverOf(c.instance.run);
    if (pid === null || c.exits.watch(pid, ended) === null) ended();
  };
  const again = async (): Promise<void> => {
    const found = await ensureLxcfs(c.instance.run).catch((error) => {
      c.log("error", "lxcfs did not start", { error: String(error) });
      return null;
    });
    if (stopped) return;
    if (found === null) return later(PAUSE);
    watch();
    await renewAll(c);
  };
  if (c.lxcfs !== null) {
    watch();
    void renewAll(c);
  }
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Those that run first; then each under its lock, so that one whose start was under way is not forgotten. */
async function renewAll(c: Context): Promise<void> {
  for (const name of c.runtime.names()) await renew(c, name);
  for (const { name } of c.store.containers.list())
    await c.operations.locked([lockOf(name)], () => renew(c, name));
}

async function renew(c: Context, name: string): Promise<void> {
  const live = c.runtime.get(name);
  if (!live || c.lxcfs === null) return;
  const { initPid, monitorPid } = live;
  await tellInside(c.cgroups, cgroupOf(c, name));
  try {
    if (await renewView(initPid, c.lxcfs, () => parent(initPid) === monitorPid))
      c.events.emit({ type: "view-renewed", container: name });
  } catch (error) {
    c.log("error", "a guest can't see its own /proc", { container: name, error: String(error) });
  }
}
