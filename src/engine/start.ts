import { start as lxcStart, type Running } from "../host/lxc/index.ts";
import { DROPPED_CAPABILITIES } from "../spec/capabilities.ts";
import { type ContainerRecord, IDS_PER_CONTAINER } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { monitorTop } from "../spec/instance.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import { waitBoot } from "./boot.ts";
import { type Context, record } from "./context.ts";
import { writeIdentity } from "./identity.ts";
import { startLevels } from "./level-start.ts";
import type { Work } from "./operation.ts";
import { exitCode, prepareProgram, programEnded } from "./program.ts";
import { baseOf, cgroupOf, cleanUp, linkOf, mountContainer, unmountContainer } from "./root.ts";
import type { Live } from "./runtime.ts";
import { writeSeed } from "./seed.ts";
import { shareAtStart } from "./share-start.ts";

/**
 * Starts a container; resolves when init runs and the network is up. Throws RUNNING; undone when it fails. When only
 * the waiting for its boot fails, it runs on; `null` for a program that has ended already. Throws REFUSED when the host can't keep what is guaranteed to it.
 */
export async function start(
  c: Context,
  name: string,
  o: { waitBoot?: boolean; overcommit?: boolean | undefined },
  work: Work,
): Promise<Live | null> {
  const r = record(c.store, name);
  if (c.runtime.get(name))
    throw new WarrenError("RUNNING", `${name} runs already`, `see \`warren info ${name}\``);
  const overcommit = o.overcommit || r.overcommit || false;
  await c.pools.open(r.pool ?? DEFAULT_POOL);
  using _reserved = c.admission.admit(name, r.levels, { overcommit });
  work.progress("mounting the root");
  // Nothing runs, so what may still hang there is what an earlier run left.
  unmountContainer(c, r.uuid);
  work.undo("start", () => cleanUp(c, r));
  if (r.shareAtStart) await shareAtStart(c, r, work);
  const rootfs = await mountContainer(c, r);
  if (r.identity === "pending") {
    writeIdentity(
      rootfs,
      {
        name,
        uuid: r.uuid,
        addresses: r.addresses,
        resolvers: c.network.resolvers(),
        base: baseOf(r),
      },
      c.log,
    );
    writeSeed(rootfs, r, baseOf(r));
    c.store.containers.update(name, ({ seed: _, ...old }) => ({ ...old, identity: "done" }));
  }
  work.progress("starting init");
  const found = await boot(c, r, rootfs, work);
  if (typeof found === "number") {
    // A program that was over before anybody could look: it ran, and what it said is in its log.
    await cleanUp(c, r);
    programEnded(c, r, found);
    work.keep();
    return null;
  }
  const live = c.runtime.adopt(name, found);
  await c.levels.giveAbove(r);
  c.store.containers.update(name, (old) => ({
    ...old,
    wanted: "running",
    started: true,
    failure: null,
    overcommit,
  }));
  c.events.emit({ type: "container-started", container: name, details: { initPid: live.initPid } });
  // It runs: whatever becomes of the waiting, there is no way back any more.
  work.keep();
  if (o.waitBoot) {
    work.progress("waiting for the guest's boot");
    await waitBoot(c, name, r.init, work.signal);
  }
  return live;
}

/** Starts init; the answer is a number, its code, when it was a program that has ended already. */
async function boot(c: Context, r: ContainerRecord, rootfs: string, work: Work): Promise<Running | number> {
  const cgroup = cgroupOf(c, r.name);
  const levels = await startLevels(c, r);
  const program = prepareProgram(c, r, { rootfs, base: baseOf(r) });
  try {
    return await lxcStart(
      c.paths.lxc,
      {
        name: r.name,
        rootfs,
        base: baseOf(r),
        size: IDS_PER_CONTAINER,
        cgroup,
        monitorCgroup: `${monitorTop(c.instance)}/${r.name}`,
        initCommand: program?.initCommand ?? c.images.resolve(r.image).initCommand,
        link: linkOf(c, r),
        addresses: r.addresses,
        mtu: c.network.mtu(),
        opener: c.paths.opener,
        pts: c.paths.pts(r.uuid),
        shm: c.paths.shm(r.uuid),
        lxcfs: c.lxcfs,
        seccomp: "/usr/share/lxc/config/common.seccomp",
        apparmor: (await c.apparmor?.begin(r.name)) ?? null,
        consoleLog: c.paths.console(r.uuid),
        run: c.paths.runOf(r.name),
        hook: c.paths.hook,
        dropCapabilities: DROPPED_CAPABILITIES,
        mergeMemory: levels.merge,
        levels: [...levels.config, ...(program?.config ?? [])],
      },
      levels.hook,
      work.signal,
    );
  } catch (error) {
    const code = program && exitCode(c, r.uuid);
    if (code !== null) return code;
    if (error instanceof WarrenError && error.code === "FAILED")
      c.store.containers.update(r.name, (old) => ({ ...old, failure: error.message }));
    throw error;
  }
}
