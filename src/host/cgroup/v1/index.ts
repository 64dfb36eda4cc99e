/**
 * cgroup v1, with or without a v2 tree beside it (hybrid): one hierarchy a controller, the same group in each.
 */
import { mkdirSync } from "node:fs";
import { WarrenError } from "../../../spec/errors.ts";
import { earlyMove } from "../early.ts";
import { emptied, FREEZING, notFrozen, removed } from "../end.ts";
import { child, readText, tree, until, writeText } from "../files.ts";
import type { Cgroups } from "../index.ts";
import { type CgroupMount, type CgroupMounts, groupIn, numbers, outerGroup, UNIFIED } from "../text.ts";

/** Hierarchies that say which processes are in a group, the first that is mounted. */
const MEMBERSHIP = ["freezer", "pids", "memory"];

/** SIGKILL; one who ended by himself is no error. */
function sendKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export function openV1(mounts: CgroupMounts, proc: string): Cgroups {
  const every: CgroupMount[] = [...mounts.v1.values(), ...(mounts.v2 ? [mounts.v2] : [])];
  const member = MEMBERSHIP.find((name) => mounts.v1.has(name)) ?? "memory";

  const offered = mounts.v2 ? (readText(`${mounts.v2.path}/cgroup.controllers`) ?? "") : "";
  const beside = new Set(offered.split(" ").filter((name) => name !== "" && !mounts.v1.has(name)));
  const mountOf = (controller: string): CgroupMount | null =>
    controller === UNIFIED || beside.has(controller) ? mounts.v2 : (mounts.v1.get(controller) ?? null);
  function place(group: string, controller: string): string {
    const mount = mountOf(controller);
    if (mount) return `${mount.path}/${group}`;
    throw new WarrenError(
      "UNSUPPORTED",
      `this host has no ${controller} controller`,
      "use a kernel that has it",
      {
        controller,
      },
    );
  }
  const read: Cgroups["read"] = (group, controller, file) =>
    mountOf(controller) ? readText(`${place(group, controller)}/${file}`) : null;
  const below: Cgroups["below"] = (group, controller) => tree(place(group, controller));
  function processes(group: string): number[] {
    const top = place(group, member);
    return ["", ...tree(top).map((path) => `/${path}`)].flatMap((path) =>
      numbers(readText(`${top}${path}/cgroup.procs`)),
    );
  }
  const state = (group: string): string | null => read(group, "freezer", "freezer.state");
  async function freeze(group: string, frozen: boolean): Promise<void> {
    const wanted = frozen ? "FROZEN" : "THAWED";
    const file = `${place(group, "freezer")}/freezer.state`;
    // Processes forked while FREEZING are missed by the kernel; writing again catches them.
    const arrived = async () => {
      await writeText(file, wanted);
      return state(group) === wanted;
    };
    if (await until(arrived, FREEZING)) return;
    await writeText(file, "THAWED");
    throw notFrozen(group);
  }

  /** The kernel's own way ends forks under way too (Linux 5.14), where the v2 tree is there to ask. */
  async function killUnified(group: string): Promise<void> {
    const file = mounts.v2 && `${mounts.v2.path}/${group}/cgroup.kill`;
    if (file) await writeText(file, "1").catch(() => undefined);
  }
  /** A guest may have frozen groups of its own, and what is frozen doesn't die. */
  async function thawAll(group: string): Promise<void> {
    if (!mounts.v1.has("freezer")) return;
    const top = place(group, "freezer");
    for (const path of ["", ...tree(top).map((each) => `/${each}`)])
      await writeText(`${top}${path}/freezer.state`, "THAWED").catch(() => undefined);
  }

  return {
    dialect: "v1",
    controllers: new Set([...mounts.v1.keys(), ...beside, ...(mounts.v2 ? [UNIFIED] : [])]),
    beside,
    async handDown(group, controller) {
      if (!beside.has(controller)) return;
      const parts = group.split("/");
      for (let depth = 0; depth < parts.length; depth++) {
        const parent = place(parts.slice(0, depth).join("/"), controller);
        // The group itself is LXC's to make: one that is there already makes it take another name.
        mkdirSync(parent, { recursive: true });
        const has = (readText(`${parent}/cgroup.subtree_control`) ?? "").split(" ").includes(controller);
        if (!has) await writeText(`${parent}/cgroup.subtree_control`, `+${controller}`);
      }
    },
    exists: (group, controller) => read(group, controller, "cgroup.procs") !== null,
    neighbour: (controller) => child(place("", controller), () => true),
    read,
    path: (group, controller, file) => `${place(group, controller)}/${file}`,
    write: (group, controller, file, text) => writeText(`${place(group, controller)}/${file}`, text),
    below,
    processes,
    ofPid(pid) {
      const path = groupIn(
        readText(`${proc}/${pid}/cgroup`) ?? "",
        member,
        mounts.v1.get(member)?.top ?? "/",
      );
      return path === null ? null : outerGroup(path);
    },
    freeze,
    frozen: (group) => state(group) === "FROZEN",
    async kill(group) {
      const everyone = () => processes(group);
      const ended = () => everyone().length === 0;
      const round = async () => {
        await killUnified(group);
        if (await until(ended, 20)) return true;
        // A frozen group can't fork, and its ids can't come to mean other processes.
        if (mounts.v1.has("freezer")) await freeze(group, true).catch(() => undefined);
        for (const pid of everyone()) sendKill(pid);
        await thawAll(group);
        return ended();
      };
      await until(round, 1000);
      await emptied(group, everyone);
    },
    remove: (group) =>
      removed(group, [...new Set(every.map(({ path }) => `${path}/${group}`))], () => processes(group)),
    expectMoves: earlyMove(mounts.v1.get(member) ?? every[0]!, member, proc),
  };
}
