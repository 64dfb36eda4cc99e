import type { Counter } from "../../spec/counter.ts";
import { type Context, command } from "../command.ts";
import { compare, type Memory, memoryFile, recall, remember, seenNow } from "../counters/memory.ts";
import { columnsOf, counts, failed, isNear, type Row } from "../counters/rows.ts";
import { type Choice, json } from "../text.ts";
import { paintFor } from "../top/screen.ts";

/** Milliseconds between two tables of --watch. */
const SECOND = 1000;
/** To the upper left corner, and everything below it away. */
const AGAIN = "\x1b[H\x1b[J";

/** The table, rows with failures and rows near their limit set off where a person looks. */
async function table(ctx: Context, rows: readonly Row[], since: boolean, choice: Choice): Promise<string> {
  const { renderList } = await import("../format.ts");
  const { format } = ctx.out;
  // Scripts find the same columns always; people need no column that is empty.
  const rebooted = format !== "table" || rows.some((row) => row.rebooted !== null);
  const text = renderList(format, rows, columnsOf(since, rebooted), choice);
  if (format !== "table" || !(await ctx.out.isTerminal(1))) return text;
  const paint = paintFor(ctx.env);
  const head = choice["no-header"] ? 0 : 1;
  return text
    .split("\n")
    .map((line, i) => {
      const row = rows[i - head];
      if (!row || i < head) return line;
      return failed(row) ? paint.bad(line) : isNear(row) ? paint.warn(line) : line;
    })
    .join("\n");
}

export const counters = command({
  name: "counters",
  summary: "show what containers hold, and what their limits refused",
  description:
    "For each level: held now, the peak, the limit, and how often it refused something since the container's start, over " +
    "reboots from within and ends of the daemon; `last` is when, `process` whom it hit, where the kernel tells. The table leaves out levels that count nothing.",
  args: {
    name: { many: true, optional: true, complete: "container", help: "names; all that run unless told" },
  },
  options: {
    watch: { short: "w", help: "again each second" },
    failing: { short: "q", help: "only levels that refused something or are near their limit" },
    "since-last": { help: "also what is new since you asked last with this option" },
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [
    ["counters web", ""],
    ["counters -q", "what needs a look, of all containers"],
    ["counters --since-last -q", "what was refused since you looked"],
    ["counters -o json", "figures in base units"],
  ],
  async handler(given, ctx) {
    const { name, watch, failing, "since-last": since, ...choice } = given;
    const read = async (): Promise<Counter[]> =>
      ctx.client.get("/v1/counters", name.length > 0 ? { container: name.join(",") } : {});
    const file = since ? memoryFile(ctx.env, ctx.instance) : null;
    const before: Memory | null = file === null ? null : await recall(file);
    const shown = (found: readonly Counter[]): Row[] => {
      const rows = found.map((row): Row => (before ? { ...row, sinceLast: compare(row, before) } : row));
      if (ctx.out.format === "table" && !failing) return rows.filter(counts);
      return failing ? rows.filter((row) => failed(row) || isNear(row)) : rows;
    };
    const first = await read();
    if (file !== null && before) await remember(file, seenNow(first, new Date().toISOString(), before));
    if (!watch) {
      if (ctx.out.format === "json") await ctx.out.data(shown(first));
      else await ctx.out.write(await table(ctx, shown(first), since, choice));
      return 0;
    }
    const redraws = ctx.out.format === "table" && (await ctx.out.isTerminal(1));
    for (let found = first, n = 0; ; found = await read(), n++) {
      const rows = shown(found);
      if (ctx.out.format === "json") await ctx.out.write(`${json(rows)}\n`);
      else {
        const between = redraws ? AGAIN : n > 0 && ctx.out.format === "table" ? "\n" : "";
        await ctx.out.write(between + (await table(ctx, rows, since, choice)));
      }
      await Bun.sleep(SECOND);
    }
  },
});
