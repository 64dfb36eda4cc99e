import type { Cgroups } from "../host/cgroup/index.ts";
import { fillsUp } from "../spec/counter.ts";
import type { Figure, LevelRow, LevelWay } from "../spec/level.ts";
import { levelRow } from "../spec/level-request.ts";
import { LEVELS } from "../spec/levels.ts";
import { readFigure, wayOf } from "./level-kernel.ts";

/** Figures of a container that cost microseconds, by level: what control groups tell. Absent where there is none. */
export interface Glance {
  fails: Record<string, number>;
  held: Record<string, number>;
  tries: Record<string, number>;
}

export interface Glances {
  /**
   * Reads failures and what is held of every level that control groups tell. Without `deep` it leaves out failures that
   * are counted in the groups below, which have to be listed first and cost more than all else.
   */
  of(group: string, deep: boolean): Glance;
  /** The limits of the levels that `of` tells what is held of. */
  limits(group: string): Record<string, number>;
  /** The limit of one level, `null` where there is none. */
  limit(group: string, key: string): number | null;
  /** Keys of levels whose failures only slower doors know. */
  readonly beyond: readonly string[];
}

/** Makes the reader for this host's dialect. */
export function glances(cgroups: Cgroups): Glances {
  const ways = LEVELS.flatMap((row: LevelRow): [string, LevelWay][] => {
    const way = wayOf(row, cgroups.dialect);
    return way ? [[row.key, way]] : [];
  });
  const isNear = (figure: Figure | undefined): figure is Figure =>
    figure !== undefined && cgroups.controllers.has(figure.controller);
  const failing = ways.filter(([, way]) => way.fail?.length);
  const counted = failing.filter(([, way]) => way.fail?.every(isNear));
  const shallow = counted.filter(([, way]) => !way.fail?.some(({ tree }) => tree));
  const tested = counted.filter(([, way]) => isNear(way.tries));
  const holding = ways.filter(
    ([key, way]) => fillsUp(levelRow(key).codec.unit) && isNear(way.held) && isNear(way.limit),
  );

  /** The same groups, where a file is read once however many figures are in it. */
  function once(): Cgroups {
    const texts = new Map<string, string | null>();
    return {
      ...cgroups,
      read(group, controller, file) {
        const key = `${controller}/${group}/${file}`;
        const known = texts.get(key);
        if (known !== undefined) return known;
        const text = cgroups.read(group, controller, file);
        texts.set(key, text);
        return text;
      },
    };
  }
  const numbers = (entries: [string, unknown][]): Record<string, number> =>
    Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"));

  function failsIn(read: Cgroups, group: string, figures: readonly Figure[]): number | null {
    const known = figures
      .map((figure) => readFigure(read, group, figure))
      .filter((each) => typeof each === "number");
    return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
  }

  return {
    beyond: failing.filter((each) => !counted.includes(each)).map(([key]) => key),
    of(group, deep) {
      const read = once();
      return {
        fails: numbers(
          (deep ? counted : shallow).map(([key, way]) => [key, failsIn(read, group, way.fail ?? [])]),
        ),
        held: numbers(holding.map(([key, way]) => [key, readFigure(read, group, way.held)])),
        tries: numbers(tested.map(([key, way]) => [key, readFigure(read, group, way.tries)])),
      };
    },
    limit(group, key) {
      const figure = ways.find(([each]) => each === key)?.[1].limit;
      const value = isNear(figure) ? readFigure(cgroups, group, figure) : null;
      return typeof value === "number" ? value : null;
    },
    limits(group) {
      const read = once();
      return numbers(holding.map(([key, way]) => [key, readFigure(read, group, way.limit)]));
    },
  };
}
