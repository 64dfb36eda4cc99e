/** The reference page of what differs between the two dialects of control groups, made from the table of levels; pure. */
import type { Dialect, Figure, LevelRow, LevelWay } from "./level.ts";
import { LEVELS } from "./levels.ts";

const DIALECTS: readonly Dialect[] = ["v1", "v2"];
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text: string): string => `\`${cell(text)}\``;

/** Where a figure is read: several files of one are taken together, several figures are added up. */
function read(figures: readonly Figure[]): string {
  const one = ({ files, tree }: Figure) =>
    `${files.map(code).join(" and ")}${tree ? " of the group and all below" : ""}`;
  return figures.map(one).join(" + ") || "-";
}

type Pick = (way: LevelWay) => string;

/** What is told of each dialect, one table each. */
const SIDES: readonly { title: string; about: string; pick: Pick }[] = [
  {
    title: "Written to",
    about: "The files a change writes, in their controller's hierarchy on v1 and in the one tree on v2.",
    pick: ({ settings }) =>
      settings.map(({ controller, file }) => `${code(file)} (${controller})`).join(", ") || "-",
  },
  {
    title: "Limit",
    about: "Where the limit in force is read back. Every change is read back before it counts.",
    pick: ({ limit }) => read([limit]),
  },
  {
    title: "Held",
    about: "What is in use now.",
    pick: ({ held }) => read(held ? [held] : []),
  },
  {
    title: "Peak",
    about: "The most that was in use since the container's start.",
    pick: ({ peak }) => read(peak ? [peak] : []),
  },
  {
    title: "Failures",
    about: "How often the limit refused, throttled or killed.",
    pick: ({ fail }) => read(fail ?? []),
  },
  {
    title: "Lowering below what is held",
    about:
      "Memory is taken back before the limit drops: below a soft ceiling where the kernel has one, else by the write of the limit itself, which then waits or fails and never kills.",
    pick: ({ settings }) =>
      settings
        .flatMap(({ lowering }) =>
          lowering
            ? [
                `${lowering.ceiling ? `ceiling ${code(lowering.ceiling)}, then ` : ""}${code(lowering.reclaim)}`,
              ]
            : [],
        )
        .join("; ") || "-",
  },
  {
    title: "Groups below",
    about:
      "Files that must be changed in the guest's own groups too, because the kernel lets none exceed its parent.",
    pick: ({ settings }) =>
      settings
        .flatMap(({ nesting }) => (nesting ? [nesting.files.map(code).join(" and ")] : []))
        .join(", ") || "-",
  },
];

function sideOf({ ways }: LevelRow, dialect: Dialect, pick: Pick): string {
  const way = ways[dialect];
  return way ? pick(way) : "not offered";
}

/** docs/reference/dialects.md; rows of a table where neither dialect has anything are left out. */
export function renderDialectsReference(levels: readonly LevelRow[] = LEVELS): string {
  const tables = SIDES.map(({ title, about, pick }) => {
    const rows = levels
      .map((row) => [code(row.key), ...DIALECTS.map((dialect) => sideOf(row, dialect, pick))])
      .filter(([, ...sides]) => sides.some((side) => side !== "-"))
      .map((cells) => `| ${cells.join(" | ")} |`);
    return `## ${title}\n\n${about}\n\n| level | cgroup v1 | cgroup v2 |\n|---|---|---|\n${rows.join("\n")}`;
  });
  return [
    "# The two dialects of control groups",
    "What differs between hosts with cgroup v1 (or hybrid) and those with cgroup v2: where each level is written and how its figures are read. Commands, units and meaning are the same on both.",
    "Made from the code by `npm run docs`; changes here are lost.",
    ...tables,
  ]
    .join("\n\n")
    .concat("\n");
}
