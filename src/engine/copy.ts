import { run } from "../host/exec/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { containerName } from "../spec/name.ts";
import { type Context, record } from "./context.ts";
import { discard, insert, makeDirectories, ready } from "./create.ts";
import type { Work } from "./operation.ts";

/**
 * Makes a new container with the files and saved levels of another, its own ids, addresses and host name.
 *
 * Files keep their ids on disk, so nothing is chowned, and blocks are shared where the file system can. A running
 * source is frozen while its files are read. Throws EXISTS.
 */
export async function copy(c: Context, name: string, to: string, work: Work): Promise<ContainerRecord> {
  const source = record(c.store, name);
  containerName(to);
  const { image, imageAlias, init, levels, priority, profiles = [], overcommit = false } = source;
  const same = { image, imageAlias, init, levels: { ...levels }, priority, profiles, overcommit };
  const made = insert(c, { name: to, ...same });
  work.undo("container", () => discard(c, made));
  makeDirectories(c, made);
  work.progress("copying files");
  await whileStill(c, name, to, async () => {
    const upper = `${c.paths.data(source.uuid)}/upper`;
    const argv = ["cp", "-a", "--reflink=auto", "-T", upper, `${c.paths.data(made.uuid)}/upper`];
    await run(argv, { timeout: 3_600_000, signal: work.signal });
  });
  c.store.containers.update(to, ({ halts: _, ...old }) => ({ ...old, started: source.started }));
  ready(c, to);
  c.events.emit({ type: "container-created", container: to, details: { copyOf: name } });
  return made;
}

/** Does `work` while nothing in the container moves; one that was frozen before stays so. `to` is made of it. */
async function whileStill(c: Context, name: string, to: string, work: () => Promise<void>): Promise<void> {
  const live = c.runtime.get(name);
  if (!live || live.frozen) return work();
  // Should the daemon be killed meanwhile, the next one finds here whom to let run on.
  c.store.containers.update(to, (old) => ({ ...old, halts: name }));
  await setFrozen(c, name, true);
  try {
    await work();
  } finally {
    await setFrozen(c, name, false);
  }
}

/** Halts every process of a container in place, or lets them run on. Throws NOT_RUNNING, FROZEN. */
export async function setFrozen(c: Context, name: string, frozen: boolean): Promise<void> {
  record(c.store, name);
  const live = c.runtime.get(name);
  if (!live)
    throw new WarrenError("NOT_RUNNING", `${name} does not run`, `start it with \`warren start ${name}\``);
  if (frozen && live.frozen)
    throw new WarrenError(
      "FROZEN",
      `${name} is frozen already`,
      `let it run on with \`warren thaw ${name}\``,
    );
  if (!frozen && !live.frozen)
    throw new WarrenError("RUNNING", `${name} is not frozen`, `see \`warren info ${name}\``);
  await c.cgroups.freeze(groupOf(c, name), frozen);
  live.frozen = frozen;
  c.events.emit({ type: frozen ? "container-frozen" : "container-thawed", container: name });
}

/** The group of a running container: what the kernel says, for it may differ from the name after a reboot within. */
export function groupOf(c: Context, name: string): string {
  const live = c.runtime.get(name);
  const group = live ? c.cgroups.ofPid(live.initPid) : null;
  if (group !== null) return group;
  throw new WarrenError("NOT_RUNNING", `${name} does not run`, `start it with \`warren start ${name}\``);
}
