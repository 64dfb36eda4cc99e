/** An engine of levels over groups in memory and a store in memory, with one container. */

import type { NewEvent } from "../../src/engine/event.ts";
import { createLevels, type Levels } from "../../src/engine/level.ts";
import type { LevelTarget } from "../../src/engine/level-door.ts";
import type { ContainerRecord } from "../../src/spec/container.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import type { Dialect, LevelHost } from "../../src/spec/level.ts";
import type { Store } from "../../src/store/index.ts";
import { openStore } from "../../src/store/sqlite.ts";
import { type FakeCgroups, fakeCgroups } from "./cgroup-fake.ts";
import { fakeDoors } from "./door-fake.ts";

export const HOST: LevelHost = {
  memory: 16 * 1024 ** 3,
  swap: 4 * 1024 ** 3,
  cpus: "0-3",
  nodes: "0-1",
  disks: ["8:0", "8:16"],
  sharing: "bfq",
  raises: true,
  rlimits: {},
  oomScore: 0,
};
export const GROUP = "warren/web";

/** The container as doors know it. */
export const TARGET: LevelTarget = {
  name: "web",
  uuid: "uuid-of-web",
  cgroup: GROUP,
  pid: null,
  link: "wr0",
  addresses: [],
  base: 1_000_000,
};

export interface LevelBench {
  levels: Levels;
  cgroups: FakeCgroups;
  store: Store;
  events: NewEvent[];
  /** Process id of init; `null` while the container is stopped. */
  pid: number | null;
}

export function containerRecord(name: string, levels: ContainerRecord["levels"] = {}): ContainerRecord {
  return {
    name,
    uuid: `uuid-of-${name}`,
    image: "sha256:0",
    imageAlias: "busybox",
    init: "busybox",
    slot: 0,
    addresses: [],
    levels,
    wanted: "running",
    priority: 0,
    phase: "ready",
    identity: "done",
    failure: null,
    started: true,
    created: "2026-01-01T00:00:00Z",
    version: 1,
  };
}

/** The container `web` in the group `warren/web`, with LXC's inner group, running unless told. */
export function levelBench(
  dialect: Dialect,
  saved: ContainerRecord["levels"] = {},
  host: LevelHost = HOST,
): LevelBench {
  const cgroups = fakeCgroups(dialect);
  for (const group of ["warren", GROUP, `${GROUP}/guest`]) cgroups.make(group);
  const doors = fakeDoors(cgroups, host);
  const store = openStore(":memory:");
  store.containers.insert("web", containerRecord("web", saved));
  const events: NewEvent[] = [];
  const bench: LevelBench = {
    cgroups,
    store,
    events,
    pid: 100,
    levels: createLevels({
      store,
      cgroups,
      events: { emit: (event) => ({ ...event, seq: events.push(event), time: "2026-01-01T00:00:00Z" }) },
      instance: instanceOf(undefined),
      hostFacts: () => host,
      doors,
      running: () => (bench.pid === null ? null : { ...TARGET, pid: bench.pid }),
    }),
  };
  return bench;
}
