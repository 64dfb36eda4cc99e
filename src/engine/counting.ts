import type { WatchConfig } from "../spec/watch.ts";
import type { Context } from "./context.ts";
import { type Counters, createCounters } from "./counter.ts";
import { hearKernel } from "./kernel-log.ts";
import { createTeller } from "./tell.ts";
import { startWatch } from "./watch.ts";

/** Counters of all containers, and all that keeps them: the watch over them and the kernel's log. */
export interface Counting extends Pick<Counters, "list"> {
  stop(): void;
}

/** Begins to count and to watch what runs. */
export function startCounting(c: Context, config: WatchConfig): Counting {
  const { store, runtime, levels, cgroups, instance, log } = c;
  const teller = createTeller(c.events, config.repeat);
  const counters = createCounters({ store, runtime, levels, teller, dialect: cgroups.dialect });
  const watch = startWatch({ cgroups, runtime, counters, teller, config, log });
  const ear = hearKernel({ store, instance, counters, watch, teller, log });
  return {
    list: counters.list,
    stop() {
      watch.stop();
      ear?.stop();
    },
  };
}
