import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { WarrenError } from "../spec/errors.ts";
import type { Instance } from "../spec/instance.ts";

/**
 * Holds the instance for one daemon, until the answer is called or the process ends, however it ends: the lock is the
 * kernel's on an open file. Throws LOCKED.
 */
export function holdLock(instance: Instance): () => void {
  const path = `${instance.run}/daemon.lock`;
  const db = new Database(path, { create: true });
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
  } catch {
    db.close();
    throw new WarrenError(
      "LOCKED",
      `another daemon serves ${instance.state}`,
      "stop it first: warren daemon stop",
    );
  }
  return () => {
    db.close();
    rmSync(path, { force: true });
  };
}
