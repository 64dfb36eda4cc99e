import type { Climb, Step } from "./ladder.ts";
import type { Density } from "./page.ts";

const COLOURS: Readonly<Record<string, string>> = {
  Warren: "#1a7f37",
  copies: "#888888",
  "btrfs snapshots": "#e07b39",
  Docker: "#2f6fd0",
};
const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [300, 240, 60, 50, 90];
/** Decades of both scales: containers, and bytes from 10 MB up. */
const [COUNTS, BYTES] = [
  [1, 1000],
  [1e7, 1e11],
] as const;

const share = (value: number, [from, to]: readonly [number, number]): number =>
  Math.log(Math.min(Math.max(value, from), to) / from) / Math.log(to / from);
const decades = ([from, to]: readonly [number, number]): number[] =>
  Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, i) => from * 10 ** i);
const named = (bytes: number): string => (bytes < 1e9 ? `${bytes / 1e6} MB` : `${bytes / 1e9} GB`);

/** Disk and page cache by the number of containers on logarithmic scales, as an SVG that needs nothing else; dashed for several images. */
export function picture({ climbs }: Density): string {
  const panels: [string, (step: Step, climb: Climb) => number][] = [
    ["disk, images and containers", (step, climb) => step.disk - climb.empty],
    ["page cache of their files", (step) => step.cache.all],
  ];
  const parts = panels.flatMap(([title, of], i) => panel(title, climbs, of, LEFT + i * (WIDTH + GAP)));
  const legend = Object.entries(COLOURS).map(
    ([name, colour], i) =>
      `<rect x="${LEFT + i * 120}" y="8" width="10" height="10" fill="${colour}"/>` +
      `<text x="${LEFT + 14 + i * 120}" y="17">${name}</text>`,
  );
  const note = `<text x="${LEFT + 480}" y="17">dashed: three images</text>`;
  const size = `${LEFT + 2 * WIDTH + GAP + 40} ${TOP + HEIGHT + 40}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" font-family="sans-serif" font-size="10">
<rect width="100%" height="100%" fill="white"/>
${[...legend, note, ...parts].join("\n")}
</svg>
`;
}

function panel(
  title: string,
  climbs: readonly Climb[],
  of: (step: Step, climb: Climb) => number,
  left: number,
): string[] {
  const x = (count: number): string => (left + share(count, COUNTS) * WIDTH).toFixed(1);
  const y = (bytes: number): string => (TOP + HEIGHT - share(bytes, BYTES) * HEIGHT).toFixed(1);
  const grid = [
    ...decades(COUNTS).map(
      (count) =>
        `<line x1="${x(count)}" y1="${TOP}" x2="${x(count)}" y2="${TOP + HEIGHT}" stroke="#ddd"/>` +
        `<text x="${x(count)}" y="${TOP + HEIGHT + 14}" text-anchor="middle">${count}</text>`,
    ),
    ...decades(BYTES).map(
      (bytes) =>
        `<line x1="${left}" y1="${y(bytes)}" x2="${left + WIDTH}" y2="${y(bytes)}" stroke="#ddd"/>` +
        `<text x="${left - 5}" y="${Number(y(bytes)) + 3}" text-anchor="end">${named(bytes)}</text>`,
    ),
  ];
  const lines = climbs.map((climb) => {
    const points = climb.steps.map((step) => `${x(step.containers)},${y(of(step, climb))}`).join(" ");
    const dash = climb.images > 1 ? ' stroke-dasharray="4 3"' : "";
    return `<polyline points="${points}" fill="none" stroke="${COLOURS[climb.side]}" stroke-width="2"${dash}/>`;
  });
  const name = `<text x="${left + WIDTH / 2}" y="${TOP - 10}" text-anchor="middle">${title}, by containers</text>`;
  return [name, ...grid, ...lines];
}
