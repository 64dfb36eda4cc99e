import { apparmorProfile, boundingSet, uptime } from "../host/proc/index.ts";
import { capabilityNames } from "../spec/capabilities.ts";
import {
  type ContainerInfo,
  type ContainerRecord,
  type ContainerState,
  type ContainerSummary,
  IDS_PER_CONTAINER,
  type LevelValues,
} from "../spec/container.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import type { Context } from "./context.ts";
import { baseOf, cgroupOf, linkOf } from "./root.ts";
import { snapshotsOf } from "./snapshot-record.ts";
import type { UsageReader } from "./usage.ts";

/** Which verb is at work on a container right now. */
export type Busy = ReadonlyMap<string, "starting" | "stopping">;

export function stateOf(c: Context, r: ContainerRecord, busy: Busy): ContainerState {
  const live = c.runtime.get(r.name);
  if (live?.stopping) return "stopping";
  if (live?.frozen) return "frozen";
  const verb = busy.get(r.name);
  if (live) return verb === "stopping" ? "stopping" : "running";
  if (verb === "starting") return "starting";
  if (r.failure !== null) return "error";
  return r.started ? "stopped" : "created";
}

const wholeSeconds = (seconds: number | null): number | null =>
  seconds === null ? null : Math.floor(seconds);

/** What `list` shows of one container. A few small reads, no process: a thousand take tens of milliseconds. */
export function summary(c: Context, r: ContainerRecord, busy: Busy): ContainerSummary {
  const live = c.runtime.get(r.name);
  const usage = live ? c.levels.usage(cgroupOf(c, r.name)) : null;
  return {
    name: r.name,
    state: stateOf(c, r, busy),
    image: r.imageAlias,
    addresses: r.addresses,
    created: r.created,
    uptime: live ? wholeSeconds(uptime(live.initPid)) : null,
    processes: usage?.tasks ?? null,
    memory: usage?.memory ?? null,
  };
}

/** What `info` shows. */
export async function info(
  c: Context,
  r: ContainerRecord,
  busy: Busy,
  usage: UsageReader,
): Promise<ContainerInfo> {
  const live = c.runtime.get(r.name);
  const bounding = live ? boundingSet(live.initPid) : null;
  const used = live ? usage.one({ record: r, state: stateOf(c, r, busy) }) : null;
  return {
    ...summary(c, r, busy),
    uuid: r.uuid,
    imageDigest: r.image,
    init: r.init,
    initPid: live?.initPid ?? null,
    idmap: { base: baseOf(r), size: IDS_PER_CONTAINER },
    rootfs: c.paths.root(r.uuid),
    cgroup: (live && c.cgroups.ofPid(live.initPid)) || cgroupOf(c, r.name),
    link: linkOf(c, r),
    capabilities: bounding === null ? [] : capabilityNames(bounding),
    apparmor: live ? apparmorProfile(live.initPid) : null,
    levels: await inForce(c, r.name),
    pending: await c.levels.pending(r),
    usage: used,
    failure: r.failure,
    wanted: r.wanted,
    priority: r.priority,
    profiles: r.profiles ?? [],
    pool: r.pool ?? DEFAULT_POOL,
    snapshots: snapshotsOf(c.store, r.uuid).map(({ name }) => name),
    schedule: r.schedule ? { every: r.schedule.every, keep: r.schedule.keep } : null,
    version: r.version,
  };
}

/** What is in force in a container that runs, and what its next start brings otherwise. */
async function inForce(c: Context, name: string): Promise<LevelValues> {
  const states = Object.entries(await c.levels.get(name));
  const runs = c.runtime.get(name) !== undefined;
  return Object.fromEntries(states.map(([key, level]) => [key, runs ? level.effective : level.saved]));
}
