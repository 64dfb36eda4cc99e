/**
 * One nft table, `inet warren` (with the instance's tag): anti-spoofing and the way to the outside. Limits on connections
 * have another, in connections.ts.
 *
 * What must never happen here: touching another table; a rule per container.
 */
import { run } from "../exec/index.ts";
import { TRIES } from "./session.ts";
import { renderTable, type TableConfig } from "./text.ts";

/** Exit code of a tool that ended with SIGSEGV. */
const SEGV = 139;

/**
 * Gives nft a batch, which it does whole or not at all. nft 1.0.6 now and then crashes while another process changes
 * the rules under its eyes; then it has done nothing, and is asked again.
 */
export async function batch(input: string): Promise<void> {
  for (let left = TRIES; left > 1; left--)
    if ((await run(["nft", "-f", "-"], { input, ok: [0, SEGV] })).code === 0) return;
  await run(["nft", "-f", "-"], { input });
}

/** Puts the table in force, replacing the one there was, in one kernel transaction. */
export async function install(config: TableConfig): Promise<void> {
  await batch(renderTable(config));
}

/** Takes the table away; no error when there is none. */
export async function remove(table: string): Promise<void> {
  await batch(`add table inet ${table}\ndelete table inet ${table}\n`);
}

/** Whether the table is there. */
export async function present(table: string): Promise<boolean> {
  return (await run(["nft", "list", "table", "inet", table], { ok: [0, 1] })).code === 0;
}
