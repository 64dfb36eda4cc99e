import { CONTAINER_STATES, type ContainerSummary } from "../../spec/container.ts";
import type { ContainerUsage, Pressure } from "../../spec/usage.ts";
import { command } from "../command.ts";
import { showBytes, showDuration } from "../format.ts";
import type { Column } from "../text.ts";

type Row = ContainerSummary & { usage?: ContainerUsage | undefined };

const columns: Record<string, Column<Row>> = {
  name: { get: (c) => c.name },
  state: { get: (c) => c.state },
  image: { get: (c) => c.image },
  addresses: { get: (c) => c.addresses },
  memory: { get: (c) => c.memory, show: showBytes, right: true },
  processes: { get: (c) => c.processes, right: true },
  uptime: { get: (c) => c.uptime, show: showDuration },
};

const showPercent = (value: number | null): string => (value === null ? "-" : `${value}%`);
const showRatio = (value: number | null): string => (value === null ? "-" : `${Math.floor(value * 100)}%`);
const amount = (get: (usage: ContainerUsage) => number | null): Column<Row> => ({
  get: (c) => (c.usage ? get(c.usage) : null),
  show: showBytes,
  right: true,
});
const pressure = (of: keyof Pressure): Column<Row> => ({
  get: (c) => c.usage?.pressure[of] ?? null,
  show: showPercent,
  right: true,
});

/** Columns that are asked for by name only: they cost the daemon some twenty reads for each container. */
const usageColumns: Record<string, Column<Row>> = {
  cpu: { get: (c) => c.usage?.cpu ?? null, show: showDuration, right: true },
  "memory-limit": amount((usage) => usage.memoryLimit),
  "io-read": amount((usage) => usage.ioRead),
  "io-written": amount((usage) => usage.ioWrite),
  "net-in": amount((usage) => usage.netIn),
  "net-out": amount((usage) => usage.netOut),
  "pressure-cpu": pressure("cpu"),
  "pressure-memory": pressure("memory"),
  "pressure-io": pressure("io"),
  nearest: { get: (c) => c.usage?.nearest?.key },
  near: { get: (c) => c.usage?.nearest?.ratio ?? null, show: showRatio, right: true },
  failures: { get: (c) => c.usage?.fail ?? null, right: true },
};

export const list = command({
  name: "list",
  summary: "list containers",
  description:
    `Columns: ${Object.keys(columns).join(", ")}; and where --columns names them: ${Object.keys(usageColumns).join(", ")}. ` +
    "CPU time, I/O and network count from the container's start; `top` shows rates.",
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
    ["list -c name,cpu,memory,nearest,near,failures", "what they use, and how near to a limit"],
  ],
  async handler(given, ctx) {
    const query = { state: given.state, image: given.image, name: given.filter };
    const all = { ...columns, ...usageColumns };
    const wanted = given.columns?.toLowerCase() ?? Object.keys(columns).join(",");
    const asksUsage = wanted.split(",").some((key) => Object.hasOwn(usageColumns, key));
    const [rows, usages] = await Promise.all([
      ctx.client.list<Row>("/v1/containers", query),
      asksUsage ? ctx.client.get<ContainerUsage[]>("/v1/usage", { name: given.filter }) : [],
    ]);
    const used = new Map(usages.map((usage) => [usage.name, usage]));
    for (const row of asksUsage ? rows : []) row.usage = used.get(row.name);
    await ctx.out.list(rows, all, { ...given, columns: wanted });
    return 0;
  },
});
