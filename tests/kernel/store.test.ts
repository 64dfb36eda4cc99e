/** The store on a disk that others have filled to its last byte. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../src/store/sqlite.ts";

const dir = mkdtempSync(join(tmpdir(), "warren-store-"));
const run = (...cmd: string[]): void => {
  if (!Bun.spawnSync(cmd).success) throw new Error(`${cmd.join(" ")} failed`);
};
beforeAll(() => run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", dir));
afterAll(() => {
  run("umount", dir);
  rmSync(dir, { recursive: true });
});

/** Writes until there is no room for a byte. */
function fill(path: string): void {
  const file = openSync(path, "w");
  for (let size = 1 << 20; size > 0; ) {
    try {
      writeSync(file, Buffer.alloc(size));
    } catch {
      size >>= 1;
    }
  }
  closeSync(file);
}

const operation = (id: number) => ({
  id: `op-${id}`,
  kind: "container.delete",
  targets: ["web"],
  state: "done" as const,
  progress: { step: "x".repeat(2000), done: 0, total: 0 },
  created: "",
  updated: "",
});

test("on a full disk changes are kept still, thousands of them, also after a start there", () => {
  const file = join(dir, "warren.db");
  const store = openStore(file);
  for (let i = 0; i < 200; i++) store.operations.insert(`op-${i}`, operation(i) as never);
  fill(join(dir, "full"));
  for (let i = 200; i < 500; i++) {
    store.operations.insert(`op-${i}`, operation(i) as never);
    store.operations.delete(`op-${i - 200}`);
  }
  store.close();
  const again = openStore(file);
  expect(again.operations.list().length).toBe(200);
  again.operations.delete("op-300");
  again.close();
});
