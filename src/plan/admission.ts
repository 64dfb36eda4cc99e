/** What containers are promised, added up, and whether one more promise can be kept; pure. */
import type { LevelValues } from "../spec/container.ts";
import { type Commitment, type Commitments, RESOURCES, type Resource, type Share } from "../spec/host.ts";
import type { LevelRow } from "../spec/level.ts";

type Rows = readonly Pick<LevelRow, "key" | "promise">[];

/** The largest value that levels of some kinds give of a resource; `null` when one is unlimited. */
function most(rows: Rows, levels: LevelValues, resource: Resource, kinds: readonly string[]): number | null {
  let found = 0;
  for (const { key, promise } of rows) {
    if (promise?.resource !== resource || !kinds.includes(promise.as)) continue;
    const value = levels[key];
    if (value === null) return null;
    if (typeof value === "number") found = Math.max(found, value);
  }
  return found;
}

/** What is kept of a resource for a container with these levels, all there is when unlimited; what isn't said keeps nothing. */
export function kept(
  rows: Rows,
  levels: LevelValues,
  resource: Resource,
  capacity: number,
  kinds: readonly ("guarantee" | "protection")[] = ["guarantee"],
): number {
  return most(rows, levels, resource, kinds) ?? capacity;
}

/** What a container with these levels may take of a resource; `null` when none of them limits it. */
function allowed(rows: Rows, levels: LevelValues, resource: Resource): number | null {
  const isLimit = ({ key, promise }: Rows[number]): boolean =>
    promise?.resource === resource && promise.as === "limit" && levels[key] !== undefined;
  return rows.some(isLimit) ? most(rows, levels, resource, ["limit"]) : null;
}

const shareOf =
  (capacity: number) =>
  (amount: number): Share => ({ amount, ratio: capacity > 0 ? amount / capacity : null });

/** One resource of the host. `containers` are the levels wanted of each that runs. */
export function commitment(
  rows: Rows,
  containers: readonly LevelValues[],
  resource: Resource,
  capacity: number,
  held: number | null,
): Commitment {
  const share = shareOf(capacity);
  const sum = (of: (levels: LevelValues) => number): Share =>
    share(containers.reduce((total, levels) => total + of(levels), 0));
  return {
    capacity,
    held: held === null ? null : share(held),
    guaranteed: sum((levels) => kept(rows, levels, resource, capacity)),
    protected: sum((levels) => kept(rows, levels, resource, capacity, ["guarantee", "protection"])),
    promised: sum((levels) => Math.min(allowed(rows, levels, resource) ?? capacity, capacity)),
    unlimited: containers.filter((levels) => allowed(rows, levels, resource) === null).length,
  };
}

/** Every resource of the host. */
export function commitments(
  rows: Rows,
  containers: readonly LevelValues[],
  capacity: Readonly<Record<Resource, number>>,
  held: Readonly<Record<Resource, number | null>>,
): Commitments {
  const entries = RESOURCES.map((resource) => [
    resource,
    commitment(rows, containers, resource, capacity[resource], held[resource]),
  ]);
  return Object.fromEntries(entries) as Commitments;
}

/** A promise that can't be kept beside the others. */
export interface Excess {
  asked: number;
  others: number;
  capacity: number;
}

/**
 * Whether a guarantee that goes from `before` to `asked` fits beside the others'; `null` when it does. One that doesn't
 * grow always fits, so that an overcommitted host can be brought back.
 */
export function excess(before: number, asked: number, others: number, capacity: number): Excess | null {
  return asked <= before || asked + others <= capacity ? null : { asked, others, capacity };
}
