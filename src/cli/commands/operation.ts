import { OPERATION_STATES, type OperationRecord } from "../../spec/operation.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { showMoment } from "../format.ts";
import { progressLine } from "../progress.ts";
import type { Column } from "../text.ts";
import { cancellable } from "../work.ts";

const id = { complete: "operation", help: "id of an operation" } as const;

const columns: Record<string, Column<OperationRecord>> = {
  id: { get: (row) => row.id },
  kind: { get: (row) => row.kind },
  targets: { get: (row) => row.targets },
  state: { get: (row) => row.state },
  created: { get: (row) => row.created, show: showMoment },
  progress: { get: (row) => row.error?.message ?? progressLine(row.progress) },
};

export const list = command({
  name: "operation list",
  summary: "list work that runs or ran lately",
  description: `Columns: ${Object.keys(columns).join(", ")}.`,
  args: {},
  options: {
    state: { value: "STATE", choices: OPERATION_STATES, help: "only those in this state" },
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [["operation list --state running", ""]],
  async handler(given, ctx) {
    const query = { state: given.state };
    await ctx.out.list(await ctx.client.list<OperationRecord>("/v1/operations", query), columns, given);
    return 0;
  },
});

export const show = command({
  name: "operation show",
  summary: "tell everything about an operation",
  description: "",
  args: { id },
  options: {},
  examples: [["operation show ID", ""]],
  async handler(given, ctx) {
    await ctx.out.data(await ctx.client.get(`/v1/operations${at(given.id)}`));
    return 0;
  },
});

export const wait = command({
  name: "operation wait",
  summary: "wait for an operation and show how far it is",
  description: "Exit code and error are the operation's own. Ctrl-C cancels it.",
  args: { id },
  options: {},
  examples: [["operation wait ID", ""]],
  async handler(given, ctx) {
    const begin = (): Promise<OperationRecord> => ctx.client.get(`/v1/operations${at(given.id)}`);
    const record = await cancellable(ctx, false, begin);
    await ctx.out.done(`${record.kind} ${record.targets.join(" ")} is done`, record);
    return 0;
  },
});

export const cancel = command({
  name: "operation cancel",
  summary: "cancel an operation; what it began is undone",
  description: "",
  args: { id },
  options: {},
  examples: [["operation cancel ID", ""]],
  async handler(given, ctx) {
    const response = await ctx.client.send("DELETE", `/v1/operations${at(given.id)}`);
    await ctx.out.done(`${given.id} is being cancelled`, await response.json());
    return 0;
  },
});
