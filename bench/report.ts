/** A comparison as a page and as a picture. */
import type { Contender } from "./contender.ts";
import { type Figure, figure } from "./figures.ts";
import type { Share } from "./memory.ts";

/** How long the machine was left alone before each command. */
export const PACES = { "at rest": 100, "back to back": 0 } as const;
export type Pace = keyof typeof PACES;

/** One manager and what was measured of it: milliseconds by what was done, bytes of memory. */
export interface Entry {
  contender: Contender;
  version: string;
  how: string;
  /** One for each pace. */
  times: Record<Pace, Map<string, number[]>>;
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

const FLOOR = "`raw lxc-start` is the floor: the same kernel work without a manager.";

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

const medianOf = (entry: Entry | undefined, pace: Pace, what: string): number | null =>
  figure(entry?.times[pace].get(what) ?? [])?.median ?? null;
const wholeOf = (entry: Entry | undefined): number | null => entry?.memory?.share.whole ?? null;

/** The page docs/bench-launch.md. */
export function render(c: Comparison): string {
  const own = c.entries.find(({ contender }) => contender.name === "Warren");
  const others = c.entries.filter((entry) => entry !== own);
  const ratio = (mine: number | null, theirs: number | null): string =>
    mine && theirs && mine > 0 && theirs > 0 ? `${(theirs / mine).toFixed(2)} x` : "–";
  const things = names(c.crowd);
  const times = (pace: Pace): string =>
    table(
      ["ms: median (95th percentile)", ...c.entries.map(({ contender }) => contender.name)],
      things.map((what) => [
        what,
        ...c.entries.map((entry) => ms(figure(entry.times[pace].get(what) ?? []))),
      ]),
    );
  const ratios = (pace: Pace): string =>
    table(
      ["median", ...others.map(({ contender }) => contender.name)],
      things.map((what) => [
        what,
        ...others.map((o) => ratio(medianOf(own, pace, what), medianOf(o, pace, what))),
      ]),
    );
  const smaller = others
    .filter((o) => o.memory !== null)
    .map((o) => `${o.contender.name} ${ratio(wholeOf(own), wholeOf(o))}`);
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
${c.runs} rounds: in each, every manager in turn lives a container's life at each of two paces, another manager first
each time: *at rest*, with 0.1 s of quiet before each command, as when a person types it, and *back to back*, as a script does
it. A time is that of the whole command, from its start to its exit. (After a rest every move of a process into a
control group waits for a grace period of the kernel; Warren begins that wait as soon as a request comes.)

## At rest

${times("at rest")}

How many times as long as Warren's; below 1 is faster than Warren. ${FLOOR}

${ratios("at rest")}

## Back to back

${times("back to back")}

${ratios("back to back")}

## Memory, in MB (10^6 bytes)

${table(["", "a container, beyond its own processes", "of it in processes of the manager", "its own processes", "daemon, none running (RSS)"], memory)}

How many times as much as Warren's: ${smaller.join(", ")}.

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
  const verdict = (value: number | null, most: number, unit: string): string => {
    if (value === null) return "–";
    const shown = value.toFixed(1);
    return value <= most ? `${shown}: yes` : `${shown}: no, ${(value - most).toFixed(1)} ${unit} above`;
  };
  const paces = Object.keys(PACES) as Pace[];
  const rows = Object.entries(targets(c.crowd)).map(([what, most]) => [
    what,
    `${most} ms`,
    ...paces.map((pace) => verdict(medianOf(own, pace, what), most, "ms")),
  ]);
  const whole = wholeOf(own);
  const memory = verdict(whole === null ? null : whole / 1e6, TARGET_MEMORY, "MB");
  return table(
    ["", "at most", ...paces],
    [...rows, ["memory a container", `${TARGET_MEMORY} MB`, memory, memory]],
  );
}
