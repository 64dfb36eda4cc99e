/** The only place that builds real doors and puts the engine together. */
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { capacities, createAdmission } from "../engine/admission.ts";
import { adopt, cleanUpAfterEnd } from "../engine/adopt.ts";
import { startWanted } from "../engine/autostart.ts";
import { createBackups } from "../engine/backup.ts";
import { createContainers } from "../engine/container.ts";
import type { Context } from "../engine/context.ts";
import { startCounting } from "../engine/counting.ts";
import { createEvents } from "../engine/event.ts";
import { createExec } from "../engine/exec.ts";
import { createFiles } from "../engine/files.ts";
import { keepCollecting } from "../engine/garbage.ts";
import { haltAll } from "../engine/halt.ts";
import { createHost, createVersion } from "../engine/host.ts";
import { createImages } from "../engine/image.ts";
import type { Engine } from "../engine/index.ts";
import { keepView } from "../engine/inside.ts";
import { createLevels } from "../engine/level.ts";
import { createSetLevels } from "../engine/level-set.ts";
import { settleLevels } from "../engine/level-start.ts";
import { createNetwork } from "../engine/network.ts";
import { createOperations } from "../engine/operation.ts";
import { pathsOf } from "../engine/paths.ts";
import { createPools } from "../engine/pool.ts";
import { createPlaces } from "../engine/pool-place.ts";
import { startPoolWatch } from "../engine/pool-watch.ts";
import { createProfiles } from "../engine/profile.ts";
import { createApply } from "../engine/profile-apply.ts";
import { createPublish } from "../engine/publish.ts";
import { targetOf } from "../engine/root.ts";
import { createRuntime } from "../engine/runtime.ts";
import { createShare } from "../engine/share.ts";
import { keepSurveys } from "../engine/share-start.ts";
import { createSlots } from "../engine/slot.ts";
import { createSnapshots } from "../engine/snapshot.ts";
import { keepSchedules } from "../engine/snapshot-schedule.ts";
import { keepTreeWeight } from "../engine/tree-weight.ts";
import { openConfinement } from "../host/apparmor/index.ts";
import { capacity } from "../host/capacity/index.ts";
import { storage } from "../host/capacity/storage.ts";
import { openCgroups } from "../host/cgroup/index.ts";
import { BLOCKS, hostClaims } from "../host/claim/index.ts";
import { keepShifts } from "../host/idmap/index.ts";
import { setSwitch } from "../host/link/index.ts";
import { installHook, installOpener, removeOpener } from "../host/lxc/index.ts";
import { ensureLxcfs, stopLxcfs } from "../host/lxcfs/index.ts";
import { hostEnds } from "../host/manager/index.ts";
import { openLowers, openObjects } from "../host/object/index.ts";
import { watchExits } from "../host/pidfd/index.ts";
import { type Config, DEFAULT_CONFIG, parseConfig } from "../spec/config.ts";
import { WarrenError } from "../spec/errors.ts";
import { cgroupTop, type Instance, monitorTop } from "../spec/instance.ts";
import type { Log } from "../spec/log.ts";
import { openStore } from "../store/sqlite.ts";
import { openDoors } from "./doors.ts";

export interface Wired {
  engine: Engine;
  config: Config;
  /** Tells those who follow events. */
  announce(type: "daemon-started" | "daemon-stopping"): void;
  /** Whether the host is going down. */
  hostEnds(): Promise<boolean>;
  /** Ends every container, to be started again at the host's next boot. */
  haltAll(): Promise<void>;
  /** Lets go of the host: when nothing runs, everything Warren put there is taken away. */
  stop(): Promise<void>;
}

/** Milliseconds that work under way has to end when the daemon is told to. */
const PATIENCE = 5_000;

/** Reads `config.json` of the instance; the defaults where there is none. Throws BAD_VALUE. */
export function readConfig(instance: Instance): Config {
  const path = `${instance.etc}/config.json`;
  return existsSync(path) ? parseConfig(readFileSync(path, "utf8")) : DEFAULT_CONFIG;
}

/** Builds everything in the order in which it stands on each other, and makes records and kernel agree. */
export async function wire(instance: Instance, log: Log): Promise<Wired> {
  const config = readConfig(instance);
  const store = openStore(`${instance.state}/warren.db`);
  const paths = pathsOf(instance, createPlaces(store, instance.state));
  for (const dir of [paths.containers, paths.trash]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  // 0711: the ids of containers must get through to their roots, and need not see what else is there.
  for (const dir of [paths.lxc, paths.roots]) mkdirSync(dir, { recursive: true, mode: 0o711 });
  refuseClosedParents(paths.roots);
  mkdirSync(paths.scratch, { recursive: true, mode: 0o700 });

  const claims = hostClaims();
  const had = JSON.parse(store.settings.get("blocks") ?? "[]") as number[];
  const blocks = claims.blocks(
    instance.state,
    had,
    instance.tag ? 1 + (Number.parseInt(instance.tag, 36) % (BLOCKS - 1)) : 0,
  );
  store.settings.set("blocks", JSON.stringify(blocks));

  const events = createEvents(store);
  const operations = createOperations({ store, events, log });
  const network = await createNetwork({ instance, config, store, claims, number: blocks[0]!, log });
  const cgroups = openCgroups();
  const exits = watchExits();
  const shifts = keepShifts();
  installHook(paths.hook);
  installOpener(paths.opener);

  const runtime = createRuntime({
    store,
    events,
    exits,
    paths,
    log,
    rebooted: (name) => void settleLevels(context, name),
    cleanUp: (name) => cleanUpAfterEnd(context, name),
  });
  const pools = createPools({ store, instance, paths, operations, events, log });
  await pools.recover();
  const hostFacts = (pool?: string) => ({
    ...capacity(instance.state, pools.pathOf(pool)),
    beside: [...cgroups.beside],
  });
  const doors = openDoors(paths, pools, cgroups, network, hostFacts);
  const levels = createLevels({
    store,
    cgroups,
    events,
    instance,
    doors,
    hostFacts,
    running(name) {
      const live = runtime.get(name);
      const cgroup = live && cgroups.ofPid(live.initPid);
      const r = store.containers.get(name);
      return live && cgroup && r ? { ...targetOf({ instance }, r), cgroup, pid: live.initPid } : null;
    },
  });
  const context: Context = {
    instance,
    paths,
    store,
    events,
    operations,
    images: createImages({ store, instance, operations, events, sources: config }),
    objects: openObjects(paths.images),
    lowers: openLowers(paths.images, paths.trash),
    surveys: keepSurveys(),
    garbage: keepCollecting(openObjects(paths.images), (error) =>
      log("warn", "unused files could not be removed", { error: String(error) }),
    ),
    levels,
    doors,
    pools,
    quotas: pools.quotas,
    profiles: createProfiles({ store, events, levels, instance }),
    admission: createAdmission({ levels }, () => capacities(storage(instance.state).size)),
    network,
    slots: createSlots({ store, claims, owner: instance.state, blocks }),
    cgroups,
    exits,
    shifts,
    runtime,
    lxcfs: await ensureLxcfs(instance.run),
    apparmor: openConfinement(cgroupTop(instance)),
    log,
  };
  operations.recover();
  await context.images.recover();
  // Not waited for: a start does, should it come sooner.
  context.apparmor?.load().catch((error) => log("error", "containers can't start", { error: String(error) }));
  await adopt(context);
  const view = keepView(context);
  const treeWeight = keepTreeWeight({ ...context, hostFacts });
  startWanted(context);
  const counting = startCounting(context, config.watch);
  const poolWatch = startPoolWatch({ pools, events, config: config.watch, log });
  const schedules = keepSchedules(context);

  const version = createVersion(context);
  const setLevels = createSetLevels(context);
  const engine: Engine = {
    version,
    containers: createContainers(context),
    levels: { catalogue: levels.catalogue, get: levels.get, set: setLevels },
    profiles: { ...context.profiles, apply: createApply(context, setLevels) },
    counters: counting,
    exec: createExec(context),
    files: createFiles(context),
    images: { ...context.images, publish: createPublish(context) },
    pools,
    snapshots: createSnapshots(context),
    backups: createBackups(context),
    share: createShare(context),
    operations,
    events,
    host: createHost(context, version),
  };
  const stop = async (): Promise<void> => {
    schedules.stop();
    await operations.drain(PATIENCE);
    view.stop();
    context.garbage.stop();
    treeWeight.stop();
    counting.stop();
    poolWatch.stop();
    exits.stop();
    shifts.stop();
    if (runtime.names().length === 0) {
      pools.close();
      await network.teardown();
      await stopLxcfs(instance.run);
      removeOpener(paths.opener);
      context.apparmor?.stop();
      for (const top of [cgroupTop(instance), monitorTop(instance)]) await cgroups.remove(top);
      if (store.containers.list().length === 0) {
        for (const [name, value] of claims.release(instance.state)) setSwitch(name, value);
        store.settings.set("blocks", "[]");
      }
    }
    store.close();
  };
  const announce: Wired["announce"] = (type) => void events.emit({ type, details: { pid: process.pid } });
  return { engine, config, announce, hostEnds, haltAll: () => haltAll(context), stop };
}

/** Throws REFUSED when the ids of containers can't get through to their roots: LXC would say so only at a start. */
function refuseClosedParents(path: string): void {
  for (let at = path; at !== "/"; at = dirname(at)) {
    if (statSync(at).mode & 0o001) continue;
    throw new WarrenError(
      "REFUSED",
      `${at} lets nobody but its owner through, and containers have ids of their own`,
      `chmod o+x ${at}, or keep WARREN_DIR elsewhere`,
    );
  }
}
