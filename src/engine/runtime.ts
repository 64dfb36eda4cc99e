import { ending, forget, isCrash, type Running, running } from "../host/lxc/index.ts";
import type { Exits } from "../host/pidfd/index.ts";
import { parent } from "../host/proc/index.ts";
import type { Log } from "../spec/log.ts";
import type { Store } from "../store/index.ts";
import { consoleTail } from "./console-tail.ts";
import type { Events } from "./event.ts";
import type { Paths } from "./paths.ts";
import { exitCode, programEnded } from "./program.ts";

/** What is known of a container that runs. */
export interface Live extends Running {
  frozen: boolean;
  /** Set while we end it ourselves, so that its end is no surprise. */
  stopping: boolean;
}

/** Which containers run, kept true by watching their init and their monitor. */
export interface Runtime {
  get(name: string): Live | undefined;
  names(): string[];
  /** Begins to watch a container that runs. */
  adopt(name: string, found: Running): Live;
  /** Resolves when the container's monitor has ended and cleaned up, or after `timeout` ms: whether it ended. */
  ended(name: string, timeout: number): Promise<boolean>;
}

/** Milliseconds that a new init may take to appear after the old one ended, before it counts as an end. */
const REBOOT_PATIENCE = 60_000;

const MONITOR_KILLED = { how: "kill", reason: "its LXC monitor was killed" } as const;

export function createRuntime(deps: {
  store: Store;
  events: Events;
  exits: Exits;
  paths: Paths;
  log: Log;
  /** Called when a guest has rebooted itself. */
  rebooted(name: string): void;
  /** Frees what the container held (mounts, cgroups), after its monitor ended. */
  cleanUp(name: string): Promise<void>;
}): Runtime {
  const { store, events, exits, paths, log, rebooted, cleanUp } = deps;
  const live = new Map<string, Live>();
  const waiting = new Map<string, Set<() => void>>();

  const gone = (name: string, it: Live): void => {
    if (live.get(name) !== it) return;
    live.delete(name);
    // Init outlived its monitor: someone killed that, and nothing can be done with the container any more.
    const orphaned = parent(it.initPid) !== null;
    const end = orphaned ? MONITOR_KILLED : ending(paths.lxc, name);
    const last = store.containers.get(name);
    for (const wake of waiting.get(name) ?? []) wake();
    waiting.delete(name);
    if (!last || it.stopping) return;
    const code = last.init === "app" && end?.how === "exit" ? exitCode({ paths }, last.uuid) : null;
    const failure = code === null && isCrash(end, last.init) ? (end?.reason ?? null) : null;
    store.containers.update(name, (old) => ({
      ...old,
      wanted: "stopped",
      failure,
    }));
    if (code !== null) programEnded({ store, events, paths }, last, code);
    else if (failure !== null)
      events.emit({
        type: "container-crashed",
        container: name,
        details: { reason: failure, console: consoleTail(paths.console(last.uuid), 10) },
      });
    else
      events.emit({
        type: "container-stopped",
        container: name,
        details: { reason: "halted from within" },
      });
    forget(paths.lxc, name);
    void cleanUp(name).catch((error) =>
      log("error", "clean-up failed", { container: name, error: String(error) }),
    );
  };

  /** Init ended while the monitor lives: either it reboots, or the monitor is about to end too. */
  const initEnded = async (name: string, it: Live): Promise<void> => {
    for (const began = Date.now(); Date.now() - began < REBOOT_PATIENCE; ) {
      if (live.get(name) !== it) return;
      const found = running(paths.lxc, name);
      if (found && found.runs > it.runs) {
        Object.assign(it, found, { frozen: false });
        watchInit(name, it);
        if (!it.stopping)
          events.emit({ type: "container-rebooted", container: name, details: { initPid: it.initPid } });
        rebooted(name);
        return;
      }
      await Bun.sleep(5);
    }
  };

  const watchInit = (name: string, it: Live): void => {
    if (exits.watch(it.initPid, () => void initEnded(name, it)) === null) void initEnded(name, it);
  };

  return {
    get: (name) => live.get(name),
    names: () => [...live.keys()],
    adopt(name, found) {
      const it: Live = { ...found, frozen: false, stopping: false };
      live.set(name, it);
      watchInit(name, it);
      if (exits.watch(it.monitorPid, () => gone(name, it)) === null) gone(name, it);
      return it;
    },
    async ended(name, timeout) {
      let over = !live.has(name);
      const set = waiting.get(name) ?? new Set();
      waiting.set(name, set);
      const wake = (): void => {
        over = true;
      };
      set.add(wake);
      for (const began = performance.now(); !over && performance.now() - began < timeout; ) {
        await Bun.sleep(performance.now() - began < 200 ? 1 : 20);
        exits.look();
      }
      set.delete(wake);
      return over;
    },
  };
}
