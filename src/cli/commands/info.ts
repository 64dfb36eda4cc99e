import type { ContainerInfo, LevelValues } from "../../spec/container.ts";
import { LEVELS } from "../../spec/levels.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { showBytes, showDuration, showMoment } from "../format.ts";

/** Levels as people write them; one this program doesn't know stays as it is. */
const forPeople = (levels: LevelValues): LevelValues =>
  Object.fromEntries(
    Object.entries(levels).map(([key, value]) => [
      key,
      LEVELS.find((row) => row.key === key)?.codec.format(value) ?? value,
    ]),
  );

export const info = command({
  name: "info",
  summary: "tell everything about a container",
  description: "",
  args: { name: { complete: "container", help: "name of a container" } },
  options: {},
  examples: [["info web", ""]],
  async handler({ name }, ctx) {
    const found = await ctx.client.get<ContainerInfo>(`/v1/containers${at(name)}`);
    const { format } = ctx.out;
    if (format !== "table") await ctx.out.data(found);
    else
      await ctx.out.data({
        ...found,
        memory: showBytes(found.memory),
        uptime: showDuration(found.uptime),
        created: showMoment(found.created),
        levels: forPeople(found.levels),
        pending: forPeople(found.pending),
      });
    return 0;
  },
});
