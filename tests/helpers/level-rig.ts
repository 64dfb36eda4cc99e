/** A container's groups on the real kernel, with an engine of levels over them: no LXC, no image, no guest. */
import { createLevels, type Levels } from "../../src/engine/level.ts";
import { capacity } from "../../src/host/capacity/index.ts";
import { type Cgroups, openCgroups } from "../../src/host/cgroup/index.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import type { LevelCounter } from "../../src/spec/level.ts";
import { openStore } from "../../src/store/sqlite.ts";
import { makeGroup, runIn } from "./cgroup-real.ts";
import { containerRecord, TARGET } from "./levels.ts";

export interface LevelRig {
  cgroups: Cgroups;
  levels: Levels;
  /** The group above all containers, the container's own, the guest's within it. */
  top: string;
  group: string;
  guest: string;
  set(change: Record<string, string>): Promise<unknown>;
  effective(key: string): Promise<unknown>;
  counter(key: string): Promise<LevelCounter>;
  supported(key: string): boolean;
  /** Runs a command in a group, the guest's unless told. */
  start(argv: string[], group?: string): Bun.Subprocess<"ignore", "pipe", "pipe">;
  shell(script: string, group?: string): Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** Ends what was started and takes the groups away. */
  close(): Promise<void>;
}

/** Makes the groups; `tag` tells tests of one process apart. */
export function levelRig(tag: string): LevelRig {
  const cgroups = openCgroups();
  const instance = `test-${process.pid}-${tag}`;
  const top = `warren-${instance}`;
  const group = `${top}/web`;
  const guest = `${group}/guest`;
  for (const each of [top, group, guest]) makeGroup(cgroups, each);
  const store = openStore(":memory:");
  store.containers.insert("web", containerRecord("web"));
  const levels = createLevels({
    store,
    cgroups,
    events: { emit: (event) => ({ ...event, seq: 1, time: "" }) },
    instance: { ...instanceOf(undefined), tag: instance },
    hostFacts: () => ({ ...capacity("/var/tmp"), beside: [...cgroups.beside] }),
    doors: {},
    running: () => ({ ...TARGET, cgroup: group, pid: 1 }),
  });
  const started: Bun.Subprocess[] = [];
  const start: LevelRig["start"] = (argv, at = guest) => {
    const child = runIn(cgroups, at, argv);
    started.push(child);
    return child;
  };
  return {
    cgroups,
    levels,
    top,
    group,
    guest,
    set: (change) => levels.set("web", { set: change, save: false, dryRun: false }),
    effective: async (key) => (await levels.get("web"))[key]?.effective,
    counter: async (key) => (await levels.readCounters("web")).find((each) => each.key === key)!,
    supported: (key) => levels.catalogue().some((row) => row.key === key && row.supported),
    start,
    shell: (script, at) => start(["/bin/sh", "-c", script], at),
    async close() {
      await cgroups.kill(top);
      for (const child of started) child.kill("SIGKILL");
      await Promise.all(started.map(({ exited }) => exited));
      await cgroups.remove(top);
      store.close();
    },
  };
}
