import { command } from "../command.ts";
import { completionScript, SHELLS } from "../completion.ts";

export const completion = command({
  name: "completion",
  summary: "print a completion script for a shell",
  description: "Names of containers, images and levels are asked of the daemon when they are needed.",
  args: { shell: { choices: SHELLS, help: "which shell" } },
  options: {},
  examples: [
    ["completion bash > /etc/bash_completion.d/warren", ""],
    ["completion fish > ~/.config/fish/completions/warren.fish", ""],
  ],
  async handler({ shell }, ctx) {
    const commands = await Promise.all(Object.values(ctx.commands).map((load) => load()));
    await ctx.out.write(completionScript(shell as (typeof SHELLS)[number], commands));
    return 0;
  },
});
