import { capacity } from "../host/capacity/index.ts";
import { taskCapacity } from "../host/capacity/tasks.ts";
import { excess, kept } from "../plan/admission.ts";
import type { LevelValues } from "../spec/container.ts";
import { cpuList } from "../spec/cpulist.ts";
import { WarrenError } from "../spec/errors.ts";
import { RESOURCES, type Resource } from "../spec/host.ts";
import type { LevelRow } from "../spec/level.ts";
import { LEVELS } from "../spec/levels.ts";
import type { Context } from "./context.ts";

/** Keeps the sum of what is guaranteed within what the host has. */
export interface Admission {
  /**
   * Reserves what `levels` guarantee to a container; to be disposed of once they are in force, or won't be. Throws
   * REFUSED with the figures when the host can't keep it beside what it promised the others that run.
   */
  admit(name: string, levels: LevelValues, o: { overcommit: boolean }): Disposable;
}

/** Levels that guarantee something. */
export const GUARANTEES: readonly LevelRow[] = LEVELS.filter(({ promise }) => promise?.as === "guarantee");

/** Of each resource, what the host has. Disk space is that of the file system with the containers' files. */
export function capacities(disk: number, host = capacity()): Record<Resource, number> {
  const { memory, swap, cpus } = host;
  return { memory, swap, cpu: cpuList(cpus)?.length ?? 0, pids: taskCapacity(), disk };
}

/** Admission for one instance. `rows` are the levels that promise, for tests of what a table may say. */
export function createAdmission(
  c: Pick<Context, "levels">,
  has: () => Record<Resource, number>,
  rows: readonly LevelRow[] = GUARANTEES,
): Admission {
  /** What is on its way: counted beside what is in force, and with it where both are the same container's. */
  const reserved = new Map<symbol, { name: string; amounts: Map<Resource, number> }>();
  const resources = RESOURCES.filter((each) => rows.some(({ promise }) => promise?.resource === each));

  return {
    admit(name, levels, { overcommit }) {
      const asks = resources.some((each) => kept(rows, levels, each, Number.POSITIVE_INFINITY) > 0);
      if (!asks) return { [Symbol.dispose]: () => undefined };
      const room = has();
      const running = c.levels.wantedAll();
      const amounts = new Map<Resource, number>();
      for (const resource of resources) {
        const of = (each: LevelValues): number => kept(rows, each, resource, room[resource]);
        const promised = new Map([...running].map(([each, wanted]) => [each, of(wanted)]));
        const before = promised.get(name) ?? 0;
        for (const { name: each, amounts: on } of reserved.values())
          promised.set(each, Math.max(promised.get(each) ?? 0, on.get(resource) ?? 0));
        promised.delete(name);
        const given = [...promised.values()].filter((each) => each > 0);
        const others = given.reduce((sum, each) => sum + each, 0);
        const asked = of(levels);
        const over = excess(before, asked, others, room[resource]);
        if (over && !overcommit) throw refusal(name, rows, resource, over, given.length);
        amounts.set(resource, asked);
      }
      const ticket = Symbol(name);
      reserved.set(ticket, { name, amounts });
      return { [Symbol.dispose]: () => void reserved.delete(ticket) };
    },
  };
}

/** Bytes to a tenth of a MiB or GiB; the exact ones are in the details. */
const about = (value: number): string => {
  const [size, unit] = value < 1024 ** 3 ? [1024 ** 2, "MiB"] : [1024 ** 3, "GiB"];
  return `${Number((value / Number(size)).toFixed(1))}${unit}`;
};

function refusal(
  name: string,
  rows: readonly LevelRow[],
  resource: Resource,
  { asked, others, capacity }: { asked: number; others: number; capacity: number },
  count: number,
): WarrenError {
  const row = rows.find(({ promise }) => promise?.resource === resource);
  const show = (value: number): string => (row?.codec.unit === "bytes" ? about(value) : String(value));
  const have = count === 1 ? "1 other that runs has" : `${count} others that run have`;
  const beside = count === 0 ? "" : `${have} ${show(others)}, and `;
  return new WarrenError(
    "REFUSED",
    `${row?.key}=${show(asked)} can't be kept for "${name}": ${beside}the host has ${show(capacity)} in all`,
    "give less, take from another, or add --overcommit",
    { name, key: row?.key, asked, others, capacity },
  );
}
