import { initBegan, running } from "../host/lxc/index.ts";
import { signal } from "../host/pidfd/index.ts";
import { takesSignal } from "../host/proc/index.ts";
import type { ContainerRecord, InitKind } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { type Context, record } from "./context.ts";
import type { Work } from "./operation.ts";
import { cgroupOf, cleanUp } from "./root.ts";
import type { Live } from "./runtime.ts";

/** Seconds a guest has to halt before it is killed, unless told. */
export const STOP_TIMEOUT = 60;
/** Milliseconds the monitor has to clean up after init was killed. */
const KILL_PATIENCE = 30_000;
/** Milliseconds until an init that was not seen ready for its signal is sent it again. */
const AGAIN = 100;

const SIGKILL = 9;
/**
 * The signal that tells each init to halt: systemd(1) SIGRTMIN+4 (poweroff; glibc's SIGRTMIN is 34), init(8) of
 * sysvinit SIGPWR, busybox init SIGUSR2 (poweroff). OpenRC on Debian runs below sysvinit's init. Our own for applications makes of SIGTERM what the image asks for.
 */
const HALT: Record<InitKind, number> = {
  systemd: 38,
  sysvinit: 30,
  openrc: 30,
  busybox: 12,
  other: 30,
  app: 15,
};

/**
 * Ends a container: asks its init to halt, kills it after `timeout` seconds or at once. With `stayWanted` it is started
 * again at the host's next boot. Throws NOT_RUNNING.
 */
export async function stop(
  c: Context,
  name: string,
  o: { timeout?: number; force?: boolean; stayWanted?: boolean },
  work: Pick<Work, "progress">,
): Promise<void> {
  const r = record(c.store, name);
  const live = c.runtime.get(name);
  if (!live)
    throw new WarrenError("NOT_RUNNING", `${name} does not run`, `start it with \`warren start ${name}\``);
  live.stopping = true;
  // Said first: a daemon that finds it ended after a crash of ours must know that it was meant to end.
  if (!o.stayWanted) c.store.containers.update(name, (old) => ({ ...old, wanted: "stopped" }));
  const killed = await end(c, r, live, o, work);
  await cleanUp(c, r);
  c.events.emit({
    type: "container-stopped",
    container: name,
    details: { reason: killed ? "killed" : "halted" },
  });
}

/** Resolves when nothing of the container runs; whether it had to be killed. */
async function end(
  c: Context,
  r: ContainerRecord,
  live: Live,
  o: { timeout?: number; force?: boolean },
  work: Pick<Work, "progress">,
): Promise<boolean> {
  const still = (): boolean => running(c.paths.lxc, r.name)?.initPid === live.initPid;
  const group = cgroupOf(c, r.name);
  if (c.cgroups.frozen(group)) {
    await c.cgroups.freeze(group, false);
    live.frozen = false;
  }
  if (!o.force) {
    work.progress("waiting for the guest to halt");
    const until = performance.now() + (o.timeout ?? STOP_TIMEOUT) * 1000;
    const left = (): number => until - performance.now();
    // An init that was only just started would never hear of it; that of busybox waits without a sign of being ready.
    for (let heard = false; !heard && left() > 0; ) {
      heard = initBegan(c.paths.lxc, live) && takesSignal(live.initPid, HALT[r.init]);
      signal(live.initPid, HALT[r.init], still);
      if (await c.runtime.ended(r.name, heard ? left() : Math.min(AGAIN, left()))) return false;
    }
  }
  work.progress("killing");
  signal(live.initPid, SIGKILL, still);
  if (await c.runtime.ended(r.name, KILL_PATIENCE)) return true;
  live.stopping = false;
  c.store.containers.update(r.name, (old) => ({ ...old, wanted: "running" }));
  throw new WarrenError(
    "FAILED",
    `${r.name} could not be killed`,
    "see the kernel's log (dmesg) for a process that hangs",
  );
}
