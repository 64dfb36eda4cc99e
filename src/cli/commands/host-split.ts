import type { HostSplit } from "../../spec/host.ts";
import { command } from "../command.ts";
import { bytes } from "../format.ts";
import type { Column } from "../text.ts";

const columns: Record<string, Column<[string, string]>> = {
  level: { get: ([key]) => key },
  value: { get: ([, value]) => value },
};

export const split = command({
  name: "host split",
  summary: "propose equal levels for a number of containers",
  description:
    "A share is what the host has, less what is kept for it, divided by their number. With --oversell each may take a " +
    "multiple of its share while the others leave it idle.",
  args: { containers: { help: "how many shall run at one time" } },
  options: {
    reserve: {
      value: "SIZE",
      help: "memory kept for the host: 2G or 10%; a tenth, 256M at least, unless told",
    },
    oversell: { value: "FACTOR", number: true, help: "1 to 100; 1 unless told" },
    "save-as": { value: "PROFILE", help: "keep the proposal as a profile" },
  },
  examples: [
    ["host split 20", "what each of twenty can have"],
    [
      "host split 50 --oversell 3 --save-as fifty",
      "three times its share while others leave it, as a profile",
    ],
  ],
  async handler(given, ctx) {
    const { containers, reserve, oversell } = given;
    const name = given["save-as"];
    const proposal = await ctx.client.get<HostSplit>("/v1/host/split", { containers, reserve, oversell });
    if (name !== undefined) {
      const times = proposal.oversell === 1 ? "" : `, sold ${proposal.oversell} times`;
      const description = `an equal share of this host for ${proposal.containers} containers${times}`;
      await ctx.client.send("POST", "/v1/profiles", {
        json: { name, description, levels: proposal.levels },
      });
    }
    if (ctx.out.format !== "table") {
      await ctx.out.data(proposal);
      return 0;
    }
    await ctx.out.list(Object.entries(proposal.levels), columns);
    const { memory, pids, disk } = proposal.reserved;
    await ctx.out.write(
      `\nkept for the host: ${bytes(memory)} of memory, ${pids} processes, ${bytes(disk)} of disk space\n`,
    );
    if (name !== undefined) await ctx.out.write(`profile ${name} is there\n`);
    return 0;
  },
});
