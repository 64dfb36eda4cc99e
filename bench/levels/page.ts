import { figure } from "../figures.ts";
import type { Held } from "./held.ts";

/** Levels that were changed together, in milliseconds. */
export interface Compared {
  title: string;
  keys: readonly string[];
  own: number[];
  /** The same files written by hand; empty where some aren't files. */
  byHand: number[];
}

export interface Measured {
  host: string;
  version: string;
  rounds: number;
  times: number;
  compared: readonly Compared[];
  left: readonly [before: Held, after: Held, ms: number];
}

/** Milliseconds from request to answer that a change may take. */
const mostFor = (keys: readonly string[]): number => (keys.length === 1 ? 10 : 20);

/** The page docs/bench-levels.md. */
export function render({ host, version, rounds, times, compared, left }: Measured): string {
  const rows = compared.map(({ title, keys, own, byHand }) => {
    const [mine, hand] = [figure(own)!, figure(byHand)];
    const ratio = hand ? `${(mine.median / hand.median).toFixed(1)} x` : "–";
    const ms = `${mine.median.toFixed(2)} (${mine.p95.toFixed(2)})`;
    const most = mostFor(keys);
    const verdict = mine.median <= most ? "yes" : `no, ${(mine.median - most).toFixed(2)} above`;
    return `| ${title} | ${ms} | ${hand ? `${hand.median.toFixed(2)} (${hand.p95.toFixed(2)})` : "–"} | ${ratio} | ${most}: ${verdict} |`;
  });
  const [before, after, ms] = left;
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return `# Levels: how fast they change

Made by \`npm run bench -- levels\`; do not edit. ${host}. ${version}.

One running container. A change goes through the socket of the daemon: checked, planned, written, read back, answered. *By hand* is the
same program writing the same texts to the same files of the kernel, without asking or undoing anything. ${rounds} rounds; each
sets every level to another value than it has.

| ms: median (95th percentile) | Warren | by hand | times as long | may take |
|---|--:|--:|--:|--:|
${rows.join("\n")}

${compared
  .filter(({ keys }) => keys.length > 1)
  .map(({ title, keys }) => `- *${title}*: ${keys.join(", ")}.`)
  .join("\n")}

## What changes leave behind

${times} changes of two levels, one after the other, took ${(ms / 1000).toFixed(1)} s: ${(ms / times).toFixed(2)} ms each.

| the daemon | before | after |
|---|--:|--:|
| open files | ${before.files} | ${after.files} |
| memory (RSS), MB | ${megabytes(before.memory)} | ${megabytes(after.memory)} |
| files in its directories | ${before.entries} | ${after.entries} |
`;
}
