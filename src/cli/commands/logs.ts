import { at } from "../client.ts";
import { command } from "../command.ts";

export const logs = command({
  name: "logs",
  summary: "show what a container wrote to its console",
  description: "",
  args: { name: { complete: "container", help: "name of a container" } },
  options: {
    follow: { short: "f", help: "go on with what comes" },
    lines: { value: "N", number: true, help: "only the last N lines" },
  },
  examples: [
    ["logs web --lines 20", ""],
    ["logs web -f", "until Ctrl-C"],
  ],
  async handler({ name, follow, lines }, ctx) {
    const response = await ctx.client.send("GET", `/v1/containers${at(name)}/logs`, {
      query: { follow, lines },
    });
    if (response.body) for await (const chunk of response.body) await ctx.out.write(chunk);
    return 0;
  },
});
