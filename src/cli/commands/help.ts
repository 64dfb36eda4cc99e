import { command } from "../command.ts";
import { describe, overview, unknownCommand } from "../help.ts";

export const help = command({
  name: "help",
  summary: "tell about a command",
  description: "",
  args: { command: { many: true, optional: true, complete: "command", help: "a command's name" } },
  options: {},
  examples: [["help image build", ""]],
  async handler(given, ctx) {
    const words = given.command;
    if (words.length === 0) {
      await ctx.out.write(await overview(ctx.commands));
      return 0;
    }
    const inGroup = Object.keys(ctx.commands).filter((name) => name.startsWith(`${words.join(" ")} `));
    const load = ctx.commands[words.join(" ")];
    if (load) await ctx.out.write(describe(await load()));
    else if (inGroup.length > 0) {
      const group = Object.fromEntries(inGroup.map((name) => [name, ctx.commands[name]!]));
      await ctx.out.write(await overview(group));
    } else throw unknownCommand(words, Object.keys(ctx.commands));
    return 0;
  },
});
