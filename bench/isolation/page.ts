/** The comparison as a page. */
import { ATTACKS, MOST_INODES, MOST_PROCESSES, type Reserve } from "./attacks.ts";
import { CLIENTS, PAUSE } from "./clients.ts";
import { type Kept, keeping } from "./kept.ts";
import type { Trial } from "./trial.ts";

export interface Isolation {
  host: string;
  seconds: number;
  reserve: Reserve;
  entries: { name: string; version: string; how: string; trials: Trial[] }[];
  absent: { name: string; reason: string }[];
}

/** What a victim must keep of what it does alone. */
export const TARGET = 0.95;

const table = (head: readonly string[], rows: readonly (readonly string[])[], right = true): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i > 0 && right ? "--:" : "---"))), ...rows.map(line)].join(
    "\n",
  );
};
const percent = (part: number): string => `${Math.round(part * 100)} %`;
/** None when nothing was answered. */
const ms = (us: number): string => (us === 0 ? "none" : (us / 1000).toFixed(us < 9950 ? 1 : 0));
const failures = (failed: Record<string, number>): string =>
  Object.entries(failed)
    .map(([what, n]) => `${n} x ${what}`)
    .join(", ");

const thousands = (n: number): string => Math.round(n).toLocaleString("en").replaceAll(",", " ");

/** The page docs/bench-isolation.md. */
export function render(c: Isolation): string {
  const kept = c.entries.map(({ name, trials }) => ({
    name,
    by: new Map(trials.map((t) => [t.attack, keeping(t)])),
  }));
  const attacks = ATTACKS.filter(({ name }) => kept.some(({ by }) => by.has(name)));
  const rows = (cell: (k: Kept) => string): string[][] =>
    attacks.map(({ name }) => [name, ...kept.map(({ by }) => (by.has(name) ? cell(by.get(name)!) : "–"))]);
  const head = kept.map(({ name }) => name);
  const enough = kept.map(({ by }) => {
    const held = [...by.values()].filter(({ rate }) => rate >= TARGET).length;
    return `**${held} of ${by.size}**`;
  });
  return `# Isolation: what a neighbour's attack takes

Made by \`npm run bench -- isolation\`; do not edit. ${c.host}.

A *victim* serves requests; beside it a fresh container, with whatever its manager gives a new one, attacks with one thing
after the other. Each request of the victim hashes 256 KiB, takes and gives back 256 KiB of memory, reads a page of a cached file and
appends to one; each eighth also makes a file, a terminal and a process, each sixteenth waits for the disk. ${CLIENTS} clients on the
host ask it in a closed loop, each pausing ${PAUSE / 1000} ms, over a connection for each request, for ${c.seconds} s before, during and after
each attack. The victim needs less than its equal share of the machine, so a manager that keeps neighbours apart keeps all of it.

## What the victim kept of its requests a second

${table(
  ["attack", ...head],
  [
    ...rows(({ rate, failed }) => percent(rate) + (failed ? ", some failed" : "")),
    [`at least ${percent(TARGET)}`, ...enough],
  ],
)}

## The 95th percentile of its answers, in ms: alone, and beside the attack

${table(
  ["attack", ...head],
  rows(({ p95 }) => `${ms(p95.alone)} → ${ms(p95.beside)}`),
)}

## What Warren said to it

${table(["attack", "does", "got", "was refused", "counters", "lines in the kernel's log", "host and victim"], said(c), false)}

${requests(c)}

## How far the attacks went

So that no run takes the machine down, every attack stops by itself: one on memory at ${(c.reserve.memory / 2 ** 30).toFixed(1)} GiB, on processes at
${thousands(MOST_PROCESSES)} (the largest bomb here had ${thousands(largestBomb(c))}), on open files at ${thousands(c.reserve.files)}, on tracked connections at ${thousands(c.reserve.connections)}, on inodes at ${thousands(MOST_INODES)}. Where a manager
sets no levels, nothing else ends them; a real attacker would not stop there.

## Who took part

${c.entries.map(({ name, version, how }) => `- **${name}** ${version}: ${how}.`).join("\n")}
${c.absent.map(({ name, reason }) => `- **${name}** could not run here: ${reason}.`).join("\n")}

![what the victim kept](bench-isolation.svg)
`;
}

/** A bomb's processes each look before they fork, and together may go beyond what each of them saw. */
const largestBomb = ({ entries }: Isolation): number =>
  Math.max(
    0,
    ...entries.flatMap(({ trials }) => trials.map((t) => (t.attack === "fork" ? (t.account?.got ?? 0) : 0))),
  );

function said({ entries }: Isolation): string[][] {
  const own = entries.find(({ name }) => name === "Warren")?.trials ?? [];
  return own.map((t) => [
    t.attack,
    ATTACKS.find(({ name }) => name === t.attack)?.what ?? "",
    t.account ? thousands(t.account.got) : "ended by the kernel",
    t.account
      ? [...refused(t.account.refused, t.account.why), ...killed(t.account.killed)].join(", ") || "–"
      : "–",
    t.refusals.join(", ") || "–",
    t.logged === null ? "–" : thousands(t.logged),
    t.survived ? "well" : "NOT WELL",
  ]);
}
const refused = (n: number, why: string): string[] => (n > 0 ? [`${thousands(n)} x ${why}`] : []);
const killed = (n: number): string[] => (n > 0 ? [`killed ${thousands(n)} x`] : []);

/** Which requests failed, where any did. */
function requests({ entries }: Isolation): string {
  const lines = entries.flatMap(({ name, trials }) =>
    trials
      .filter(({ beside }) => Object.keys(beside.failed).length > 0)
      .map(({ attack, beside }) => `- ${name}, ${attack}: ${failures(beside.failed)}`),
  );
  return lines.length > 0
    ? `Requests that failed:\n\n${lines.join("\n")}`
    : "No request of any victim failed.";
}
