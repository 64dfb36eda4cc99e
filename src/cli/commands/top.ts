import { WarrenError } from "../../spec/errors.ts";
import type { ContainerUsage } from "../../spec/usage.ts";
import { type Context, command } from "../command.ts";
import { type Column, json } from "../text.ts";
import { BATCH, ORDERS, type Order, sorted } from "../top/columns.ts";
import { type Row, rowsOf } from "../top/rates.ts";
import { begin } from "../top/state.ts";

/** Shortest time between two readings, in seconds. */
const SHORTEST = 0.1;
/** Most seconds from the first reading to the first table of a batch. */
const FIRST = 1;

interface Batch {
  delay: number;
  times: number;
  order: Order;
  reverse: boolean;
  filter: string | undefined;
  choice: { columns?: string | undefined; "no-header": boolean };
}

/** One reading in the format that was asked for. */
async function print(ctx: Context, rows: Row[], { choice }: Batch, isFirst: boolean): Promise<void> {
  const { format } = ctx.out;
  const time = new Date().toISOString();
  if (format === "json") return ctx.out.write(`${json(rows.map((row) => ({ time, ...row })))}\n`);
  const { renderList } = await import("../format.ts");
  const columns: Record<string, Column<Row>> = format === "csv"
    ? { time: { get: () => time }, ...BATCH }
    : BATCH;
  const between = isFirst ? "" : ({ table: "\n", yaml: "---\n", csv: "" } as const)[format];
  const head = choice["no-header"] || (format === "csv" && !isFirst);
  await ctx.out.write(between + renderList(format, rows, columns, { ...choice, "no-header": head }));
}

/** Prints a reading each `delay` seconds, the first after a second at most: rates need two. */
async function batch(ctx: Context, given: Batch): Promise<void> {
  const read = () => ctx.client.get<ContainerUsage[]>("/v1/usage", { name: given.filter });
  let before = await read();
  for (let n = 0; n < given.times; n++) {
    await Bun.sleep(1000 * (n === 0 ? Math.min(given.delay, FIRST) : given.delay));
    const now = await read();
    await print(ctx, sorted(rowsOf(before, now), given.order, given.reverse), given, n === 0);
    before = now;
  }
}

export const top = command({
  name: "top",
  summary: "watch what containers use, live",
  description:
    "A full-screen view of all containers; ? tells its keys. With --batch, and where there is no terminal, tables are printed " +
    "instead: without end or as many as -n says, one where there is no terminal. With -o json each is an array on a line of its own.",
  args: { filter: { optional: true, complete: "container", help: "only names that contain this" } },
  options: {
    delay: { short: "d", value: "S", number: true, help: "seconds between two readings; 1 unless told" },
    batch: { short: "b", help: "print tables" },
    iterations: { short: "n", value: "N", number: true, help: "print so many tables, then end" },
    sort: {
      short: "s",
      value: "COLUMN",
      choices: Object.keys(ORDERS),
      help: "what it is sorted by; cpu unless told",
    },
    reverse: { short: "r", help: "sort the other way round" },
    columns: {
      short: "c",
      value: "A,B",
      help: `only these columns of tables: ${Object.keys(BATCH).join(", ")}`,
    },
    "no-header": { help: "tables without the columns' names" },
  },
  examples: [
    ["top", ""],
    ["top -d 5 --sort memory", "every five seconds, the largest first"],
    ["top -b -n 1 -o json", "one reading for a script"],
  ],
  async handler(given, ctx) {
    const { delay = 1, iterations, reverse, filter } = given;
    const order = (given.sort ?? "cpu") as Order;
    if (delay < SHORTEST)
      throw new WarrenError("USAGE", `--delay ${delay} is too short`, `give ${SHORTEST} seconds or more`);
    const isPlain = ctx.out.format !== "table" || ctx.env.TERM === "dumb";
    const onTerminal = (await ctx.out.isTerminal(0)) && (await ctx.out.isTerminal(1)) && !isPlain;
    if (onTerminal && !given.batch && iterations === undefined) {
      const { watch } = await import("../top/watch.ts");
      return watch(ctx, { ...begin(delay, order), reverse, filter: filter ?? "" });
    }
    const times = iterations ?? (given.batch ? Number.POSITIVE_INFINITY : 1);
    const choice = { columns: given.columns, "no-header": given["no-header"] };
    await batch(ctx, { delay, times, order, reverse, filter, choice });
    return 0;
  },
});
