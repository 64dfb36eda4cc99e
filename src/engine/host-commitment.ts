import { storage } from "../host/capacity/storage.ts";
import { commitments } from "../plan/admission.ts";
import { splitHost } from "../plan/split.ts";
import { bytes } from "../spec/codec.ts";
import type { Commitments, Resource } from "../spec/host.ts";
import { cgroupTop } from "../spec/instance.ts";
import { USAGE } from "../spec/levels/usage.ts";
import { LEVELS } from "../spec/levels.ts";
import { capacities } from "./admission.ts";
import type { Context } from "./context.ts";
import type { Engine } from "./index.ts";
import { readFigure } from "./level-kernel.ts";

/** Milliseconds over which CPU use is measured. */
const SPAN = 100;

/** What all containers hold of what groups count: the group above theirs counts it in one figure. */
function heldOf(c: Context, resource: Resource): number | null {
  const row = LEVELS.find(({ promise }) => promise?.resource === resource && promise.as === "limit");
  const held = readFigure(c.cgroups, cgroupTop(c.instance), row?.ways[c.cgroups.dialect]?.held);
  return typeof held === "number" ? held : null;
}

/** CPUs in use by all containers now. */
async function heldCpus(c: Context): Promise<number | null> {
  const read = (): number | null => {
    const used = readFigure(c.cgroups, cgroupTop(c.instance), USAGE[c.cgroups.dialect].cpu);
    return typeof used === "number" ? used : null;
  };
  const [first, start] = [read(), performance.now()];
  if (first === null) return null;
  await Bun.sleep(SPAN);
  const [last, end] = [read(), performance.now()];
  return last === null ? null : Math.max(0, (last - first) / ((end - start) / 1000));
}

/** What the containers that run hold and were promised of the host. */
export async function hostCommitments(c: Context): Promise<Commitments> {
  const disk = storage(c.instance.state);
  const isIdle = c.runtime.names().length === 0;
  const none = (held: number | null): number | null => (isIdle ? (held ?? 0) : held);
  const held = {
    memory: none(heldOf(c, "memory")),
    swap: none(heldOf(c, "swap")),
    cpu: isIdle ? 0 : await heldCpus(c),
    pids: none(heldOf(c, "pids")),
    // What others keep on the file system isn't there for containers either.
    disk: disk.used,
  };
  return commitments(LEVELS, [...c.levels.wantedAll().values()], capacities(disk.size), held);
}

/** Proposes equal levels for so many containers. Throws REFUSED, BAD_VALUE. */
export function hostSplit(c: Context): Engine["host"]["split"] {
  return ({ containers, reserve, oversell = 1 }) => {
    const room = capacities(storage(c.instance.state).size);
    const supported = new Set(c.levels.catalogue().flatMap(({ key, supported }) => (supported ? [key] : [])));
    const kept = reserve === undefined ? null : bytes.parse(reserve, { key: "reserve", whole: room.memory });
    const asked = { containers, reserve: kept === null ? null : Number(kept), oversell };
    return splitHost(room, asked, (key) => supported.has(key));
  };
}
