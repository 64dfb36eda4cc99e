/** A comparison as a page and as a picture. */
import type { Contender } from "./contender.ts";
import { type Figure, figure } from "./figures.ts";
import type { Share } from "./memory.ts";

/** One manager and what was measured of it: milliseconds by what was done, bytes of memory. */
export interface Entry {
  contender: Contender;
  version: string;
  how: string;
  times: Map<string, number[]>;
  memory: { share: Share; daemon: number } | null;
}

export interface Comparison {
  host: string;
  entries: readonly Entry[];
  absent: readonly { name: string; reason: string }[];
  runs: number;
  crowd: number;
}

/** What Warren must reach: milliseconds, and megabytes of memory a container. */
const targets = (crowd: number): Record<string, number> => ({
  launch: 30,
  start: 25,
  "exec true": 15,
  [`list, ${crowd} running`]: 10,
  "delete --force": 45,
});
const TARGET_MEMORY = 2;

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
const ms = (f: Figure | null): string => (f ? `${f.median.toFixed(1)} (${f.p95.toFixed(1)})` : "–");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const marks = head.map((_, i) => (i === 0 ? "---" : "--:"));
  return [line(head), line(marks), ...rows.map(line)].join("\n");
}

const names = (crowd: number): string[] => [
  "launch",
  "start",
  "exec true",
  "list, 1 running",
  `list, ${crowd} running`,
  "delete --force",
];

const medianOf = (entry: Entry | undefined, what: string): number | null =>
  figure(entry?.times.get(what) ?? [])?.median ?? null;
const wholeOf = (entry: Entry | undefined): number | null => entry?.memory?.share.whole ?? null;

/** The page docs/bench-launch.md. */
export function render(c: Comparison): string {
  const own = c.entries.find(({ contender }) => contender.name === "Warren");
  const others = c.entries.filter((entry) => entry !== own);
  const ratio = (mine: number | null, theirs: number | null): string =>
    mine && theirs && mine > 0 && theirs > 0 ? `${(theirs / mine).toFixed(2)} x` : "–";
  const things = names(c.crowd);
  const times = things.map((what) => [
    what,
    ...c.entries.map((entry) => ms(figure(entry.times.get(what) ?? []))),
  ]);
  const ratios = [
    ...things.map((what) => [what, ...others.map((o) => ratio(medianOf(own, what), medianOf(o, what)))]),
    ["memory a container", ...others.map((o) => ratio(wholeOf(own), wholeOf(o)))],
  ];
  const crowds = c.entries.filter(({ memory }) => memory !== null);
  const memory = crowds.map(({ contender, memory }) => [
    contender.name,
    megabytes(memory!.share.whole),
    megabytes(memory!.share.processes),
    megabytes(memory!.share.guest),
    memory!.daemon ? megabytes(memory!.daemon) : "none",
  ]);
  return `# Launch: how fast, how small

Made by \`npm run bench -- launch --install-peers\`; do not edit. ${c.host}.

The same busybox tree everywhere (built-in image, busybox init), every manager on the same disk in a directory of its own.
${c.runs} rounds: in each, every manager in turn lives one container's life, another one first each time, with
0.1 s of rest before each command. A time is that of the whole command, from its start to its exit.

## Time, in milliseconds: median (95th percentile)

${table(["", ...c.entries.map(({ contender }) => contender.name)], times)}

## How many times as long as Warren

Below 1: faster than Warren. The first column is the floor: the same kernel work without a manager.

${table(["median", ...others.map(({ contender }) => contender.name)], ratios)}

## Memory, in MB (10^6 bytes)

${table(["", "a container, beyond its own processes", "of it in processes of the manager", "its own processes", "daemon, none running (RSS)"], memory)}

Method: ${c.crowd} containers are launched in three batches; before and after each, 2 s at rest, MemAvailable of
/proc/meminfo and the proportional share (PSS of smaps_rollup) of every process are read. *A container* is the loss of
MemAvailable less the PSS of the processes in new pid namespaces (the guests' own), divided by the batch's number;
the median of the three batches. So it holds monitors, shims, growth of the daemon, and the kernel's part: cgroups,
namespaces, mounts, links, page tables. *Processes of the manager* is the growth of the PSS of its processes outside of
the guests. Whatever else the machine does meanwhile is in it: run it on a quiet one.

## What Warren must reach

${reached(c, own)}

## Who took part

${c.entries.map(({ contender, version, how }) => `- **${contender.name}** ${version}: ${how}.`).join("\n")}
${c.absent.map(({ name, reason }) => `- **${name}** could not run here: ${reason}.`).join("\n")}

![medians on a logarithmic scale](bench-launch.svg)
`;
}

function reached(c: Comparison, own: Entry | undefined): string {
  const rows = Object.entries(targets(c.crowd)).map(
    ([what, most]): [string, number, number | null, string] => [what, most, medianOf(own, what), "ms"],
  );
  const whole = wholeOf(own);
  rows.push(["memory a container", TARGET_MEMORY, whole === null ? null : whole / 1e6, "MB"]);
  return table(
    ["", "at most", "median here", "reached"],
    rows.map(([what, most, value, unit]) => [
      what,
      `${most} ${unit}`,
      value === null ? "–" : `${value.toFixed(1)} ${unit}`,
      value === null ? "–" : value <= most ? "yes" : `no, ${(value - most).toFixed(1)} ${unit} above`,
    ]),
  );
}
