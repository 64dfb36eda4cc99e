/** A comparison of density as a page. */
import { ADDED } from "./images.ts";
import type { Climb, Step } from "./ladder.ts";

export interface Density {
  host: string;
  climbs: Climb[];
  absent: { name: string; reason: string }[];
}

/** What an idle container of Warren may add, in bytes. */
const TARGET = 200_000;

const mb = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
const kb = (bytes: number): string => (bytes / 1e3).toFixed(0);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

/** One row for each side, one column for each step that any of them took. */
function bySteps(climbs: readonly Climb[], first: string, of: (step: Step, climb: Climb) => string): string {
  const counts = [...new Set(climbs.flatMap(({ steps }) => steps.map((step) => step.containers)))];
  counts.sort((a, b) => a - b);
  const cell = (climb: Climb, count: number): string => {
    const step = climb.steps.find(({ containers }) => containers === count);
    return step ? of(step, climb) : "–";
  };
  return table(
    [first, ...counts.map(String)],
    climbs.map((climb) => [climb.side, ...counts.map((count) => cell(climb, count))]),
  );
}

const lastOf = ({ steps }: Climb): Step | undefined => steps.at(-1);

/** What each container added between two moments. */
const each = (climb: Climb, of: (step: Step) => number): number => {
  const last = lastOf(climb);
  return last ? (of(last) - of(climb.base)) / last.containers : 0;
};

function part(climbs: readonly Climb[], images: number): string {
  const these = climbs.filter((climb) => climb.images === images && climb.steps.length > 0);
  if (these.length === 0) return "Nothing could be measured.";
  const adds = these.map((climb) => [
    climb.side,
    String(lastOf(climb)?.containers),
    kb(each(climb, (step) => step.disk)),
    kb(each(climb, (step) => step.cache.all)),
    kb(each(climb, (step) => step.guests.own)),
    kb(each(climb, (step) => step.managers.own)),
  ]);
  return `### Disk: images and containers together, in MB, by the number of containers

${bySteps(these, "MB", (step, climb) => mb(step.disk - climb.empty))}

### Page cache: what the kernel holds of their files, in MB

${bySteps(these, "MB", (step) => mb(step.cache.all))}

### The C library in memory: MB of page cache (inodes)

${bySteps(these, "MB (inodes)", (step) => `${(step.cache.libc / 1e6).toFixed(1)} (${step.cache.libcs})`)}

### What each container adds, in KB, at the last step

${table(["KB", "containers", "disk", "page cache", "its processes' own memory", "manager's processes"], adds)}`;
}

/** One inode of the library, and its pages' accounts. */
function proof(climbs: readonly Climb[]): string {
  const rows = climbs.flatMap((climb) => {
    const last = lastOf(climb);
    // An earlier run's may lack it.
    if (!last?.guests.libc) return [];
    const { libc, count } = last.guests;
    const times = libc.most > 0 ? (libc.pss / libc.most).toFixed(1) : "–";
    return [
      [
        climb.images === 1 ? climb.side : `${climb.side}, ${climb.images} images`,
        String(last.containers),
        String(count),
        mb(libc.rss),
        mb(libc.pss),
        times,
      ],
    ];
  });
  return table(
    [
      "",
      "containers",
      "processes",
      "mapped, each whole (RSS), MB",
      "divided among all (PSS), MB",
      "times one process's",
    ],
    rows,
  );
}

function verdict(climbs: readonly Climb[]): string {
  const own = climbs.filter(({ side, steps }) => side === "Warren" && steps.length > 0);
  return own
    .map((climb) => {
      const disk = each(climb, (step) => step.disk);
      const reached = disk <= TARGET ? "reached" : `${kb(disk - TARGET)} KB above`;
      const told = climb.told.map((line) => `  - ${line}`).join("\n");
      return `- ${climb.images === 1 ? "One image" : `${climb.images} images`}: an idle container adds ${kb(disk)} KB of disk; at most ${kb(TARGET)}: ${reached}.\n${told}`;
    })
    .join("\n");
}

/** The page docs/bench-density.md. */
export function render({ host, climbs, absent }: Density): string {
  const added = ADDED.map((packages) => packages.join(" ") || "nothing").join("; ");
  const sides = climbs.filter(({ images }) => images === 1);
  const ended = climbs.filter(({ ended }) => ended !== null);
  const several = ADDED.length;
  return `# Density: what a container takes of disk and memory

Made by \`npm run bench -- density\`; do not edit. ${host}.

Debian 13 with systemd, each container booted and idle (Docker's run \`sleep\`). Every side has a file system of its own in a file, so what
is used of it, and what the kernel holds of its files in memory (\`cachestat(2)\` of every inode), is that side's alone,
whatever else the machine does. Memory of processes is their PSS. The page cache is emptied of the images before the first container.
Those that give each container all files of its own are not asked for more than thirty.

![disk and page cache by the number of containers](bench-density.svg)

## One image

${part(climbs, 1)}

## ${several} images, each built on its own

debian/13 and, besides, ${added}. Containers are made of one after the other in turn.

${part(climbs, several)}

## The C library is in memory once

All processes of all containers at each side's last step; the text and constants of libc.so.6. Where all share it, its parts sum up to no
more than what one process has (the kernel rounds each process's part down to whole KB, so with many it is less).

${proof(climbs)}

## What Warren must reach

${verdict(climbs)}

Half of it is the first file of systemd's journal, 96 KiB; journald makes it 512 KiB when it is full, about a day after the first boot of an
idle server ([images](images.md)). The rest are directories and small files of 4 KiB each.

## Who took part

${sides.map(({ side, version, how }) => `- **${side}** ${version}: ${how}.`).join("\n")}
${[
  ...ended.map(({ side, images, ended }) => `- **${side}**, ${images} images, ${ended}.`),
  ...absent.map(({ name, reason }) => `- **${name}** could not run here: ${reason}.`),
].join("\n")}
`;
}
