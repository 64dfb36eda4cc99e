/**
 * One nft table, `inet warren` (with the instance's tag): anti-spoofing and the way to the outside.
 *
 * What must never happen here: touching another table; a rule per container.
 */
import { run } from "../exec/index.ts";
import { renderTable, type TableConfig } from "./text.ts";

/** Puts the table in force, replacing the one there was, in one kernel transaction. */
export async function install(config: TableConfig): Promise<void> {
  await run(["nft", "-f", "-"], { input: renderTable(config) });
}

/** Takes the table away; no error when there is none. */
export async function remove(table: string): Promise<void> {
  await run(["nft", "-f", "-"], { input: `add table inet ${table}\ndelete table inet ${table}\n` });
}

/** Whether the table is there. */
export async function present(table: string): Promise<boolean> {
  return (await run(["nft", "list", "table", "inet", table], { ok: [0, 1] })).code === 0;
}
