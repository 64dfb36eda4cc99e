/** What a container has on the host by its record: names, its mounted root, and the way to be rid of all of it. */
import { chmodSync, chownSync, existsSync, mkdirSync, rmdirSync } from "node:fs";
import { forget } from "../host/lxc/index.ts";
import { mountRoot, unmountRoot } from "../host/overlay/index.ts";
import { type ContainerRecord, FIRST_ID, IDS_PER_CONTAINER } from "../spec/container.ts";
import { cgroupTop, linkPrefix, monitorTop } from "../spec/instance.ts";
import type { Context } from "./context.ts";
import type { LevelTarget } from "./level-door.ts";
import { forgetProgram } from "./program.ts";

export const baseOf = (r: ContainerRecord): number => FIRST_ID + r.slot * IDS_PER_CONTAINER;
export const linkOf = ({ instance }: Pick<Context, "instance">, r: ContainerRecord): string =>
  `${linkPrefix(instance)}${r.slot}`;
export const cgroupOf = ({ instance }: Pick<Context, "instance">, name: string): string =>
  `${cgroupTop(instance)}/${name}`;

/** The container as doors of levels know it, before it runs. */
export const targetOf = (c: Pick<Context, "instance">, r: ContainerRecord): LevelTarget => ({
  name: r.name,
  uuid: r.uuid,
  cgroup: cgroupOf(c, r.name),
  pid: null,
  link: linkOf(c, r),
  addresses: r.addresses,
  base: baseOf(r),
});

/** Mounts the root of a container, as it sees it, and gives its path. */
export async function mountContainer(c: Context, r: ContainerRecord): Promise<string> {
  const guard = c.paths.rootGuard(r.uuid);
  const target = c.paths.root(r.uuid);
  const base = baseOf(r);
  mkdirSync(target, { recursive: true });
  // The container's root must get through to its tree, other users of the host must not: set-uid files are in there.
  chownSync(guard, 0, base);
  chmodSync(guard, 0o710);
  const shift = await c.shifts.to(base);
  try {
    mountRoot(
      {
        lowers: [...c.lowers.of(r.uuid), c.images.rootfs(r.image)],
        data: c.paths.data(r.uuid),
        target,
        scratch: c.paths.scratchOf(r.uuid),
      },
      shift.fd,
    );
  } finally {
    shift.close();
  }
  return target;
}

/** Takes the root of a container away, and the directories it hung in. */
export function unmountContainer(c: Context, uuid: string): void {
  const guard = c.paths.rootGuard(uuid);
  if (!existsSync(guard)) return;
  unmountRoot(c.paths.root(uuid));
  // Never recursive: should anything still be mounted there, it is a guest's tree.
  if (existsSync(c.paths.root(uuid))) rmdirSync(c.paths.root(uuid));
  forgetProgram(c, uuid);
  rmdirSync(guard);
}

/** Frees what a container held while it ran; works as well on what a crash left. */
export async function cleanUp(c: Context, r: ContainerRecord): Promise<void> {
  for (const door of Object.values(c.doors)) await door.release?.(targetOf(c, r));
  unmountContainer(c, r.uuid);
  forget(c.paths.lxc, r.name);
  c.apparmor?.end(r.name);
  await removeGroup(c, cgroupOf(c, r.name));
  await removeGroup(c, `${monitorTop(c.instance)}/${r.name}`);
  await c.levels.giveAbove(r);
}

/** Takes a group away; what still runs in it lost its monitor, so nobody can be its master any more: it is ended. */
export async function removeGroup(c: Context, group: string): Promise<void> {
  const left = c.cgroups.processes(group);
  if (left.length > 0) {
    c.log("warn", "processes without a monitor were ended", { group, processes: left.length });
    await c.cgroups.kill(group);
  }
  await c.cgroups.remove(group);
}
