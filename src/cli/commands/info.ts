import type { ContainerInfo, LevelValues } from "../../spec/container.ts";
import { LEVELS } from "../../spec/levels.ts";
import type { ContainerUsage } from "../../spec/usage.ts";
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

const written = (key: string, value: number): unknown =>
  LEVELS.find((row) => row.key === key)?.codec.unit === "bytes" ? showBytes(value) : value;

/** What it uses, without what is told elsewhere already. */
function usageForPeople({ cpu, ioRead, ioWrite, netIn, netOut, pressure, nearest, fail }: ContainerUsage) {
  const share = (value: number | null): string => (value === null ? "-" : `${value}%`);
  return {
    cpuTime: showDuration(cpu),
    ioRead: showBytes(ioRead),
    ioWritten: showBytes(ioWrite),
    netIn: showBytes(netIn),
    netOut: showBytes(netOut),
    pressure: `cpu ${share(pressure.cpu)}, memory ${share(pressure.memory)}, io ${share(pressure.io)}`,
    nearest: nearest
      ? `${nearest.key} ${written(nearest.key, nearest.held)} of ${written(nearest.key, nearest.limit)} (${Math.floor(nearest.ratio * 100)}%)`
      : null,
    failures: fail,
  };
}

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
        usage: found.usage && usageForPeople(found.usage),
      });
    return 0;
  },
});
