import type { ContainerState, ContainerSummary } from "../../spec/container.ts";
import { WarrenError } from "../../spec/errors.ts";
import type { Context } from "../command.ts";

/** Arguments and option of commands that work on several containers. */
export const names = {
  name: { many: true, optional: true, complete: "container", help: "names of containers" },
} as const;
export const all = { help: "every container it makes sense for" } as const;

/** The names given, or with `--all` those in one of `states`. Throws USAGE for neither and for both. */
export async function selected(
  ctx: Context,
  given: { name: string[]; all: boolean },
  states: readonly ContainerState[],
): Promise<string[]> {
  if (given.all && given.name.length > 0)
    throw new WarrenError("USAGE", "--all and names are given", "give one of them");
  if (!given.all && given.name.length === 0)
    throw new WarrenError("USAGE", "NAME is missing", "give names or --all");
  if (!given.all) return given.name;
  const containers = await ctx.client.list<ContainerSummary>("/v1/containers");
  return containers.filter(({ state }) => states.includes(state)).map(({ name }) => name);
}
