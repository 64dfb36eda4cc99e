import {
  followKernelLog,
  type Heard,
  type KernelLog,
  type OomCause,
  type OomKill,
} from "../host/kmsg/index.ts";
import { FIRST_ID, IDS_PER_CONTAINER } from "../spec/container.ts";
import { cgroupTop, type Instance } from "../spec/instance.ts";
import type { Log } from "../spec/log.ts";
import { printable } from "../spec/name.ts";
import type { Store } from "../store/index.ts";
import { bootId } from "./autostart.ts";
import type { Counters } from "./counter.ts";
import type { Teller } from "./tell.ts";
import type { Watch } from "./watch.ts";

const SETTING = "kernel-log";
/** The level that ends in a kill. */
const MEMORY = "memory.limit";

export interface KernelLogDeps {
  store: Pick<Store, "containers" | "settings">;
  instance: Instance;
  counters: Pick<Counters, "blame">;
  watch: Pick<Watch, "look">;
  teller: Teller;
  log: Log;
}

/**
 * Follows the kernel's log for what it tells of containers: processes killed for want of memory, forks refused. What it
 * said while no daemon ran is heard at the next start. Where it can't be read, `null`: then counters still count.
 */
export function hearKernel(deps: KernelLogDeps): KernelLog | null {
  const { store, log } = deps;
  const boot = bootId();
  const kept = JSON.parse(store.settings.get(SETTING) ?? "null") as { boot: string; seq: number } | null;
  const keep = (seq: number): void => store.settings.set(SETTING, JSON.stringify({ boot, seq }));
  const hear = hearer(deps);
  /** What can't be kept, on a full disk, is lost; the next record is heard all the same. */
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      log("error", "what the kernel said could not be kept", { error: String(error) });
    }
  };
  try {
    return followKernelLog({
      // After a reboot of the host the log begins at 0, and so does what is new in it.
      after: kept === null ? null : kept.boot === boot ? kept.seq : -1,
      begin: (seq) => guarded(() => keep(seq)),
      each: (heard) =>
        guarded(() => {
          hear(heard);
          keep(heard.seq);
        }),
    });
  } catch (error) {
    log("warn", "the kernel's log can't be read, so processes that it kills are not named", {
      error: String(error),
    });
    return null;
  }
}

/** What becomes of each thing heard. */
export function hearer({ store, instance, counters, watch, teller }: Omit<KernelLogDeps, "log">) {
  const top = `/${cgroupTop(instance)}/`;
  let cause: OomCause | null = null;

  const bySlot = (uid: number): string | undefined => {
    const slot = Math.floor((uid - FIRST_ID) / IDS_PER_CONTAINER);
    return store.containers.list().find((each) => each.slot === slot)?.name;
  };
  /** Names of containers have no slash, so what a guest names its groups can't lead to another container. */
  const byGroup = (group: string): string | undefined => {
    const name = group.startsWith(top) ? group.slice(top.length).split("/")[0] : undefined;
    return name !== undefined && store.containers.get(name) ? name : undefined;
  };
  /** Whose limit it was: the container's, one the guest set itself, none; `null` where the kernel didn't say. */
  const causeOf = (kill: OomKill, name: string): "limit" | "guest" | "host" | null => {
    if (!kill.byGroup) return "host";
    const group = cause?.pid === kill.pid ? cause.group : null;
    if (group === null) return null;
    return group === `${top}${name}` ? "limit" : byGroup(group) === name ? "guest" : "host";
  };

  return ({ time, news }: Heard): void => {
    if (news.what === "oom-cause") {
      cause = news;
      return;
    }
    const name = news.what === "oom-kill" ? whose(news) : byGroup(news.group);
    if (name === undefined) return;
    watch.look(name);
    if (news.what === "fork-refused") return;
    const why = causeOf(news, name);
    const at = new Date(time).toISOString();
    const process = printable(news.process);
    const { pid, memory } = news;
    if (why === "limit" || why === null) counters.blame(name, MEMORY, { name: process, pid, time: at });
    const details = { process, pid, memory, cause: why, at };
    teller.count({ type: "oom-kill", container: name, about: "", details }, 1);
  };

  /** By its owner, which a guest can't choose outside of its range; root of the host in a container by its group. */
  function whose(kill: OomKill): string | undefined {
    const group = cause?.pid === kill.pid ? cause.group : null;
    return bySlot(kill.uid) ?? (group === null ? undefined : byGroup(group));
  }
}
