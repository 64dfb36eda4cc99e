/** cgroup v2: one tree for all controllers. */
import { WarrenError } from "../../../spec/errors.ts";
import { earlyMove } from "../early.ts";
import { emptied, FREEZING, notFrozen, removed } from "../end.ts";
import { child, readText, tree, until, writeText } from "../files.ts";
import type { Cgroups } from "../index.ts";
import { type CgroupMount, groupIn, isSet, numbers, outerGroup, UNIFIED } from "../text.ts";

export function openV2(mount: CgroupMount, proc: string): Cgroups {
  const place = (group: string): string => `${mount.path}/${group}`;
  const controllers = new Set([
    ...(readText(`${mount.path}/cgroup.controllers`) ?? "").split(" ").filter(Boolean),
    UNIFIED,
  ]);
  function processes(group: string): number[] {
    const top = place(group);
    return ["", ...tree(top).map((path) => `/${path}`)].flatMap((path) =>
      numbers(readText(`${top}${path}/cgroup.procs`)),
    );
  }
  const frozen = (group: string): boolean => isSet(readText(`${place(group)}/cgroup.events`), "frozen");
  async function freeze(group: string, on: boolean): Promise<void> {
    await writeText(`${place(group)}/cgroup.freeze`, on ? "1" : "0");
    if (await until(() => frozen(group) === on, FREEZING)) return;
    await writeText(`${place(group)}/cgroup.freeze`, "0");
    throw notFrozen(group);
  }

  return {
    dialect: "v2",
    controllers,
    beside: new Set(),
    // LXC hands all of them down.
    handDown: async () => undefined,
    exists: (group) => readText(`${place(group)}/cgroup.procs`) !== null,
    neighbour: (controller) =>
      child(mount.path, (at) => {
        const has = readText(`${at}/cgroup.controllers`);
        return has !== null && (controller === UNIFIED || has.split(" ").includes(controller));
      }),
    read: (group, _controller, file) => readText(`${place(group)}/${file}`),
    path: (group, _controller, file) => `${place(group)}/${file}`,
    write(group, controller, file, text) {
      if (controllers.has(controller)) return writeText(`${place(group)}/${file}`, text);
      throw new WarrenError(
        "UNSUPPORTED",
        `this host has no ${controller} controller`,
        "use a kernel that has it",
        {
          controller,
        },
      );
    },
    below: (group) => tree(place(group)),
    processes,
    ofPid(pid) {
      const path = groupIn(readText(`${proc}/${pid}/cgroup`) ?? "", "", mount.top);
      return path === null ? null : outerGroup(path);
    },
    freeze,
    frozen,
    async kill(group) {
      if (readText(`${place(group)}/cgroup.procs`) === null && tree(place(group)).length === 0) return;
      await writeText(`${place(group)}/cgroup.kill`, "1");
      await emptied(group, () => processes(group));
    },
    remove: (group) => removed(group, [place(group)], () => processes(group)),
    expectMoves: earlyMove(mount, "", proc),
  };
}
