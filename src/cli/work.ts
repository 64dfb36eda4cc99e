import { asWarrenError, ERRORS, WarrenError } from "../spec/errors.ts";
import { isEnded, type OperationRecord } from "../spec/operation.ts";
import { type Ask, at } from "./client.ts";
import type { Context } from "./command.ts";

/** The error of an operation that ended badly; nothing when it is done. */
export function failureOf(record: OperationRecord): WarrenError | undefined {
  if (record.state === "done") return undefined;
  const what = `${record.kind} ${record.targets.join(" ")}`;
  if (record.state === "cancelled")
    return new WarrenError("CANCELLED", `${what} was cancelled`, "what was begun was undone");
  if (record.error) return WarrenError.from(record.error);
  return new WarrenError("FAILED", `${what} failed`, `see \`warren operation show ${record.id}\``);
}

/**
 * Asks for work and waits until it has ended; shows progress when it takes long. Ctrl-C cancels the work.
 *
 * `quiet` when several run at once and would write over each other. Throws the work's own error, or CANCELLED.
 */
export async function perform(
  ctx: Context,
  method: string,
  path: string,
  ask: Ask = {},
  quiet = false,
): Promise<OperationRecord> {
  return cancellable(ctx, quiet, () => ctx.client.work(method, path, ask));
}

/** Waits for work that was begun by `begin` or before. */
export async function cancellable(
  ctx: Context,
  quiet: boolean,
  begin: () => Promise<OperationRecord>,
): Promise<OperationRecord> {
  let id: string | undefined;
  let asked = 0;
  const cancel = async (): Promise<void> => {
    if (id === undefined) return;
    await ctx.client.send("DELETE", `/v1/operations${at(id)}`).catch(() => undefined);
  };
  const onInterrupt = (): void => {
    asked++;
    if (asked > 1) process.exit(130);
    ctx.out.note("warren: cancelling; Ctrl-C again leaves it to the daemon").then(cancel);
  };
  process.on("SIGINT", onInterrupt);
  try {
    let record = await begin();
    id = record.id;
    if (!isEnded(record.state)) {
      if (asked > 0) await cancel();
      const { follow } = await import("./progress.ts");
      record = await follow(ctx, record, quiet);
    }
    const failure = failureOf(record);
    if (failure) throw failure;
    return record;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

/**
 * Does the same for each name, all at once. A failure is one line for its name; the exit code is that of the
 * first name's failure, or 6 when some were done.
 */
export async function forEach(
  ctx: Context,
  names: readonly string[],
  done: string | ((record: OperationRecord) => string),
  each: (name: string, quiet: boolean) => Promise<OperationRecord>,
): Promise<number> {
  const records: OperationRecord[] = [];
  const failed = new Map<string, WarrenError>();
  const unique = [...new Set(names)];
  await Promise.all(
    unique.map(async (name) => {
      try {
        const record = await each(name, unique.length > 1);
        records.push(record);
        const said = typeof done === "string" ? done : done(record);
        if (ctx.out.format === "table") await ctx.out.write(`${name} ${said}\n`);
      } catch (thrown) {
        const error = asWarrenError(thrown);
        failed.set(name, error);
        await ctx.out.fail(error);
      }
    }),
  );
  if (ctx.out.format !== "table" && (records.length > 0 || failed.size === 0)) await ctx.out.data(records);
  const first = unique.map((name) => failed.get(name)).find((error) => error !== undefined);
  if (!first) return 0;
  return records.length > 0 ? ERRORS.PARTLY.exit : ERRORS[first.code].exit;
}
