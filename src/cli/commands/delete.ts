import { CONTAINER_STATES } from "../../spec/container.ts";
import { WarrenError } from "../../spec/errors.ts";
import { at } from "../client.ts";
import { type Context, command } from "../command.ts";
import { forEach, perform } from "../work.ts";
import { all, names, selected } from "./select.ts";

/** Asks a person; a script that has no terminal has decided already. */
async function confirmed(ctx: Context, list: readonly string[]): Promise<boolean> {
  if (list.length === 0 || !(await ctx.out.isTerminal(0))) return true;
  await Bun.write(Bun.stderr, `delete ${list.length} containers (${list.join(", ")})? [y/N] `);
  for await (const line of console) return /^y(es)?$/i.test(line.trim());
  return false;
}

export const remove = command({
  name: "delete",
  summary: "delete containers and their files",
  description: "A container that runs is refused unless forced. `--all` asks first when a person types it.",
  args: names,
  options: {
    all,
    force: { short: "f", help: "also one that runs: it is killed" },
    yes: { short: "y", help: "do not ask" },
  },
  examples: [
    ["delete web", ""],
    ["delete --all --force -y", "nothing is left"],
  ],
  async handler(given, ctx) {
    const list = await selected(ctx, given, CONTAINER_STATES);
    if (given.all && !given.yes && !(await confirmed(ctx, list)))
      throw new WarrenError("CANCELLED", "nothing was deleted", "answer y, or give -y");
    return forEach(ctx, list, "deleted", (name, quiet) =>
      perform(ctx, "DELETE", `/v1/containers${at(name)}`, { query: { force: given.force } }, quiet),
    );
  },
});
