import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { linksWith, removeLinks } from "../host/link/index.ts";
import { ending, forget, isCrash, monitors, recover, running } from "../host/lxc/index.ts";
import { signal } from "../host/pidfd/index.ts";
import { mounts } from "../host/proc/index.ts";
import { ifbOf } from "../host/shape/index.ts";
import { unmount } from "../host/syscall/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { cgroupTop, linkPrefix, monitorTop } from "../spec/instance.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import { hostRebooted } from "./autostart.ts";
import { consoleTail } from "./console-tail.ts";
import { type Context, lockOf } from "./context.ts";
import { setFrozen } from "./copy.ts";
import { discard } from "./create.ts";
import { finish } from "./delete.ts";
import { settleLevels } from "./level-start.ts";
import { exitCode, programEnded } from "./program.ts";
import { cgroupOf, cleanUp, linkOf, removeGroup } from "./root.ts";
import { journalOf } from "./share-move.ts";
import { dropFiles, dropSnapshot } from "./snapshot-drop.ts";
import { finishRestore } from "./snapshot-restore.ts";
import { emptyTrash, intoTrash } from "./trash.ts";

/** Milliseconds that a start which was under way when the daemon ended has to come to an end. */
const PATIENCE = 15_000;
const SIGKILL = 9;

/**
 * Makes records and kernel agree at the daemon's start: what runs is watched again, what an earlier daemon left half
 * done is finished or undone, what belongs to no record is taken away. Containers that run are never touched.
 */
export async function adopt(c: Context): Promise<void> {
  await settle(c);
  const found = c.store.containers.list();
  const [ready, rest] = [found.filter((r) => r.phase === "ready"), found.filter((r) => r.phase !== "ready")];
  for (const r of [...ready, ...rest])
    await adoptOne(c, r).catch((error) => {
      // One container that can't be put in order must not keep the others from being served.
      c.log("error", "a container could not be put in order", { container: r.name, error: String(error) });
    });
  await adoptSnapshots(c);
  await sweep(c);
}

/** Takes away snapshots that were never finished, after letting run on what was halted for them, and those without files. */
async function adoptSnapshots(c: Context): Promise<void> {
  const there = new Set(c.pools.places().map(({ name }) => name));
  for (const s of c.store.snapshots.list()) {
    const of = c.store.containers.list().find((r) => r.uuid === s.container);
    if (of && s.halts && c.runtime.get(of.name)?.frozen) await setFrozen(c, of.name, false);
    // Of what is in a pool that is not there nothing can be said.
    if (of && !there.has(of.pool ?? DEFAULT_POOL)) continue;
    const whole = s.phase === "ready" && existsSync(`${c.paths.snapshot(s.id)}/upper`);
    if (of && whole) continue;
    c.log("info", "a snapshot that was not whole was taken away", { container: of?.name, snapshot: s.name });
    dropSnapshot(c, s.id);
  }
}

/** Waits for starts under way: a monitor without an init of its own yet. */
async function settle(c: Context): Promise<void> {
  for (const until = Date.now() + PATIENCE; Date.now() < until; await Bun.sleep(50)) {
    const half = [...monitors(c.paths.lxc).keys()].filter((name) => running(c.paths.lxc, name) === null);
    if (half.length === 0) return;
  }
  for (const [name, pid] of monitors(c.paths.lxc))
    if (running(c.paths.lxc, name) === null && recover(c.paths.lxc, name, pid) === null) {
      c.log("warn", "a start that did not come to an end was ended", { container: name });
      signal(pid, SIGKILL, () => monitors(c.paths.lxc).get(name) === pid);
    }
}

async function adoptOne(c: Context, r: ContainerRecord): Promise<void> {
  const found = running(c.paths.lxc, r.name);
  if (r.phase === "ready") {
    if (found) {
      const live = c.runtime.adopt(r.name, found);
      live.frozen = c.cgroups.frozen(cgroupOf(c, r.name));
      c.store.containers.update(r.name, (old) => ({
        ...old,
        wanted: "running",
        started: true,
        failure: null,
      }));
      c.events.emit({ type: "container-adopted", container: r.name, details: { initPid: found.initPid } });
      // It may have rebooted while no daemon was there.
      await settleLevels(c, r.name);
      return;
    }
    if (!hostRebooted(c) && (r.wanted === "running" || ending(c.paths.lxc, r.name) !== null)) noteEnd(c, r);
    await cleanUp(c, r);
    await finishRestore(c, r.name);
    journalOf(c, r).end();
    return;
  }
  if (found) await endStranger(c, r.name, found.initPid);
  if (r.phase === "deleting") return finish(c, r);
  if (r.halts !== undefined && c.runtime.get(r.halts)?.frozen) await setFrozen(c, r.halts, false);
  await cleanUp(c, r);
  discard(c, r);
  c.log("info", "a container that was never finished was taken away", { container: r.name });
}

/** A container that ended while no daemon was there to see it. */
function noteEnd(c: Context, r: ContainerRecord): void {
  const end = ending(c.paths.lxc, r.name);
  const code = r.wanted === "running" && r.init === "app" ? exitCode(c, r.uuid) : null;
  if (code !== null) {
    programEnded(c, r, code);
    return;
  }
  // One that was being ended did not crash.
  const failure = r.wanted === "running" && isCrash(end, r.init) ? (end?.reason ?? null) : null;
  c.store.containers.update(r.name, (old) => ({ ...old, wanted: "stopped", failure }));
  const reason = `${end?.reason ?? "ended"} while the daemon was away`;
  c.events.emit({
    type: failure === null ? "container-stopped" : "container-crashed",
    container: r.name,
    details: failure === null ? { reason } : { reason, console: consoleTail(c.paths.console(r.uuid), 10) },
  });
}

/** Ends what runs under our directory and belongs to no record that wants it. */
async function endStranger(c: Context, name: string, initPid: number): Promise<void> {
  const still = (): boolean => running(c.paths.lxc, name)?.initPid === initPid;
  signal(initPid, SIGKILL, still);
  for (const until = Date.now() + PATIENCE; Date.now() < until && still(); ) await Bun.sleep(20);
  for (const until = Date.now() + PATIENCE; Date.now() < until && monitors(c.paths.lxc).has(name); )
    await Bun.sleep(20);
}

/** Takes away what carries our tag and belongs to no container that runs. */
async function sweep(c: Context): Promise<void> {
  const known = new Set(c.store.containers.list().map((r) => r.name));
  for (const name of monitors(c.paths.lxc).keys()) {
    const found = known.has(name) ? null : running(c.paths.lxc, name);
    if (found) await endStranger(c, name, found.initPid);
  }
  const runs = c.store.containers.list().filter((r) => c.runtime.get(r.name));
  const names = new Set(runs.map((r) => r.name));
  const guards = new Set(runs.map((r) => c.paths.rootGuard(r.uuid)));
  for (const at of mounts().reverse())
    if (
      at.startsWith(`${c.paths.scratch}/`) ||
      (at.startsWith(`${c.paths.roots}/`) && !guards.has(dirname(at)))
    )
      unmount(at);
  for (const uuid of entries(c.paths.roots))
    if (!runs.some((r) => r.uuid === uuid)) removeDirectories(c, c.paths.rootGuard(uuid));
  for (const uuid of entries(c.paths.scratch)) removeDirectories(c, c.paths.scratchOf(uuid));
  c.apparmor?.sweep(names);
  for (const name of entries(c.paths.lxc)) if (!names.has(name)) forget(c.paths.lxc, name);
  for (const top of [cgroupTop(c.instance), monitorTop(c.instance)])
    for (const group of groupsBelow(c, top)) if (!names.has(group)) await removeGroup(c, `${top}/${group}`);
  const links = new Set(runs.flatMap((r) => [linkOf(c, r), ifbOf(linkOf(c, r))]));
  await removeLinks(linksWith(linkPrefix(c.instance)).filter((link) => !links.has(link)));
  const kept = new Set(c.store.containers.list().map((r) => r.uuid));
  const snapshots = new Set(c.store.snapshots.list().map(({ id }) => id));
  for (const { path } of c.pools.places()) {
    // What was being moved when the daemon ended is in two pools, and its record says which one counts.
    for (const uuid of entries(`${path}/containers`))
      if (!kept.has(uuid) || c.paths.place(uuid) !== path) intoTrash(c, `${path}/containers/${uuid}`, uuid);
    for (const id of entries(`${path}/snapshots`)) {
      const at = `${path}/snapshots/${id}`;
      if (!snapshots.has(id)) dropFiles(c, id, at);
      else if (c.paths.snapshot(id) !== at) intoTrash(c, at, id);
    }
  }
  for (const id of snapshots) kept.add(id);
  for (const id of c.lowers.ids()) if (!kept.has(id)) c.lowers.remove(id);
  await emptyTrash(c);
}

const entries = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Names of the groups right below one, in whichever hierarchy they are left. */
const groupsBelow = (c: Context, top: string): string[] => [
  ...new Set(
    [...c.cgroups.controllers]
      .flatMap((controller) => c.cgroups.below(top, controller))
      .map((g) => g.split("/")[0]!),
  ),
];

/** Removes directories of ours whose mounts were taken away; one that still holds anything is left and told. */
function removeDirectories(c: Context, path: string): void {
  try {
    for (const name of entries(path)) rmdirSync(`${path}/${name}`);
    rmdirSync(path);
  } catch (error) {
    c.log("warn", "a directory could not be removed", { path, error: String(error) });
  }
}

/** Frees what a container held after it ended by itself; nothing when it runs again by then. */
export function cleanUpAfterEnd(c: Context, name: string): Promise<void> {
  return c.operations.locked([lockOf(name)], async () => {
    const r = c.store.containers.get(name);
    if (r && !c.runtime.get(name)) await cleanUp(c, r);
  });
}
