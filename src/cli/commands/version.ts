import { version as own } from "../../../package.json" with { type: "json" };
import { command } from "../command.ts";

export const version = command({
  name: "version",
  summary: "tell the versions of Warren, LXC and the kernel",
  description: "",
  args: {},
  options: { client: { help: "only this program's, without asking the daemon" } },
  examples: [["version -o json", ""]],
  async handler({ client }, ctx) {
    if (client) {
      await ctx.out.done(`warren ${own}`, { version: own, api: "v1" });
      return 0;
    }
    await ctx.out.data(await ctx.client.get("/v1/version"));
    return 0;
  },
});
