import { CONTAINER_STATES, type ContainerSummary } from "../../spec/container.ts";
import { command } from "../command.ts";
import { showBytes, showDuration } from "../format.ts";
import type { Column } from "../text.ts";

const columns: Record<string, Column<ContainerSummary>> = {
  name: { get: (c) => c.name },
  state: { get: (c) => c.state },
  image: { get: (c) => c.image },
  addresses: { get: (c) => c.addresses },
  memory: { get: (c) => c.memory, show: showBytes, right: true },
  processes: { get: (c) => c.processes, right: true },
  uptime: { get: (c) => c.uptime, show: showDuration },
};

export const list = command({
  name: "list",
  summary: "list containers",
  description: `Columns: ${Object.keys(columns).join(", ")}.`,
  args: { filter: { optional: true, complete: "container", help: "only names that contain this" } },
  options: {
    state: { value: "STATE", choices: CONTAINER_STATES, help: "only containers in this state" },
    image: { value: "IMAGE", complete: "image", help: "only containers made from this image" },
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [
    ["list", ""],
    ["list --state running -o json", "for a script"],
    ["list -c name --no-header", "names only"],
  ],
  async handler(given, ctx) {
    const query = { state: given.state, image: given.image, name: given.filter };
    await ctx.out.list(await ctx.client.list<ContainerSummary>("/v1/containers", query), columns, given);
    return 0;
  },
});
