import { duration } from "../../spec/codec.ts";
import type { ContainerInfo } from "../../spec/container.ts";
import { WarrenError } from "../../spec/errors.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { secondsOf } from "./snapshot.ts";

const told = (name: string, schedule: ContainerInfo["schedule"]): string =>
  schedule
    ? `${name}: a snapshot every ${duration.format(schedule.every)}, ${schedule.keep} are kept`
    : `${name}: no snapshots by themselves`;

export const schedule = command({
  name: "snapshot schedule",
  summary: "tell or set when snapshots of a container are made by themselves",
  description:
    "The daemon makes them; one that was due while it was away is made once it is back. Those beyond what is kept are taken away, others never.",
  args: { name: { complete: "container", help: "name of a container" } },
  options: {
    every: { value: "TIME", help: "from one to the next, like 1h or 1d; at least 1m" },
    keep: { value: "N", number: true, help: "how many are kept; 24 unless told" },
    off: { help: "make no more; those made stay" },
  },
  examples: [
    ["snapshot schedule web --every 1h --keep 24", "the last day, hour by hour"],
    ["snapshot schedule web --off", ""],
    ["snapshot schedule web", "tell what is set"],
  ],
  async handler({ name, every, keep = 24, off }, ctx) {
    if (off && every !== undefined)
      throw new WarrenError("USAGE", "--off and --every are given", "give one of them");
    const path = `/v1/containers${at(name)}`;
    if (off) await ctx.client.send("DELETE", `${path}/snapshot-schedule`);
    if (every !== undefined)
      await ctx.client.send("PUT", `${path}/snapshot-schedule`, {
        json: { every: secondsOf("every", every), keep },
      });
    const { schedule } = await ctx.client.get<ContainerInfo>(path);
    await ctx.out.done(told(name, schedule), schedule);
    return 0;
  },
});
