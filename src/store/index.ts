/**
 * Wanted state: typed records with compare-and-swap. Nothing here knows the kernel.
 *
 * What must never happen: a write that is acknowledged and lost, a record overwritten by one who had not read it.
 */
import type { ContainerRecord } from "../spec/container.ts";
import type { CounterRecord } from "../spec/counter.ts";
import type { WarrenEvent } from "../spec/event.ts";
import type { ImageRecord } from "../spec/image.ts";
import type { OperationRecord } from "../spec/operation.ts";
import type { PoolRecord } from "../spec/pool.ts";
import type { ProfileRecord } from "../spec/profile.ts";
import type { SnapshotRecord } from "../spec/snapshot.ts";

export interface Records<T> {
  get(key: string): T | undefined;
  list(): T[];
  /** Throws EXISTS. */
  insert(key: string, value: T): void;
  /** Replaces the record and counts its version up; throws CHANGED when `ifVersion` is not the present one. */
  update(key: string, change: (old: T) => T, ifVersion?: number): T;
  delete(key: string): void;
}

export interface EventLog {
  append(event: Omit<WarrenEvent, "seq" | "time">): WarrenEvent;
  /** Events after `seq`, oldest first, at most `limit`. */
  since(seq: number, limit: number): WarrenEvent[];
  last(): number;
}

export interface Settings {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

export interface Store {
  containers: Records<ContainerRecord>;
  images: Records<ImageRecord>;
  operations: Records<OperationRecord>;
  profiles: Records<ProfileRecord>;
  pools: Records<PoolRecord>;
  /** Snapshots of containers, by their id. */
  snapshots: Records<SnapshotRecord>;
  /** What levels counted, by the container's uuid. */
  counters: Records<CounterRecord>;
  events: EventLog;
  settings: Settings;
  /** All of it or none of it. */
  transaction<T>(work: () => T): T;
  close(): void;
}
