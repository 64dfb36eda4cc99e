/**
 * All containers of an instance stand below one group of the host. With the ordinary weight that group, whatever number of
 * containers it holds, would get no more of busy CPUs than one other group, or on cgroup v1 than a single process of the
 * host. So it weighs what its running containers weigh together: each competes as if it stood beside the host's own.
 */
import type { Cgroups } from "../host/cgroup/index.ts";
import type { EventType } from "../spec/event.ts";
import { cgroupTop, type Instance } from "../spec/instance.ts";
import type { LevelHost } from "../spec/level.ts";
import { LEVELS } from "../spec/levels.ts";
import type { Log } from "../spec/log.ts";
import type { Events } from "./event.ts";
import { readFigure, wayOf } from "./level-kernel.ts";
import type { Runtime } from "./runtime.ts";

/** After these the sum may be another. */
const CHANGES = new Set<EventType>([
  "container-started",
  "container-stopped",
  "container-crashed",
  "container-rebooted",
  "container-adopted",
  "level-changed",
]);
/** Milliseconds for which changes are gathered: a host's boot starts hundreds of containers. */
const GATHER = 200;

export interface TreeWeightDeps {
  cgroups: Cgroups;
  events: Pick<Events, "stream" | "last">;
  instance: Instance;
  runtime: Pick<Runtime, "get" | "names">;
  hostFacts(): LevelHost;
  log: Log;
}

/** Keeps the weight of the instance's top group the sum of its running containers', at most what a group may weigh. */
export function keepTreeWeight(c: TreeWeightDeps): { stop(): void } {
  const row = LEVELS.find(({ key }) => key === "cpu.weight");
  const way = row && wayOf(row, c.cgroups.dialect);
  const setting = way?.settings[0];
  const ended = new AbortController();
  let timer: Timer | undefined;
  if (!row || !way || !setting) return { stop() {} };
  const weigh = async (): Promise<void> => {
    timer = undefined;
    const top = cgroupTop(c.instance);
    if (!c.cgroups.exists(top, setting.controller)) return;
    const groups = c.runtime.names().map((name) => c.cgroups.ofPid(c.runtime.get(name)?.initPid ?? 0));
    const weights = groups.map((group) => Number(group ? readFigure(c.cgroups, group, way.limit) : 0) || 0);
    const sum = weights.reduce((a, b) => a + b, 0);
    const weight = Math.min(row.range.max ?? sum, Math.max(100, sum));
    const text = setting.text({ "cpu.weight": weight }, c.hostFacts());
    if (c.cgroups.read(top, setting.controller, setting.file) !== text)
      await c.cgroups.write(top, setting.controller, setting.file, text);
  };
  const soon = (): void => {
    timer ??= setTimeout(() => void weigh().catch(failed), GATHER);
  };
  const failed = (error: unknown): void =>
    c.log("error", "the containers' common CPU weight can't be set", { error: String(error) });
  const follow = async (): Promise<void> => {
    for await (const { type } of c.events.stream({
      since: c.events.last(),
      follow: true,
      signal: ended.signal,
    }))
      if (CHANGES.has(type)) soon();
  };
  soon();
  void follow().catch(failed);
  return {
    stop() {
      ended.abort();
      clearTimeout(timer);
    },
  };
}
