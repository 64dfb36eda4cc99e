import { figure } from "./figures.ts";
import type { Entry } from "./report.ts";

const COLOURS = ["#888888", "#1a7f37", "#7cc68d", "#e07b39", "#2f6fd0", "#8a4fbf"];
const LEFT = 130;
const WIDTH = 560;
const BAR = 12;

/** Bars of the medians at rest on a logarithmic scale from 1 ms to 2 s, as an SVG that needs nothing else. */
export function picture(entries: readonly Entry[]): string {
  const things = [...new Set(entries.flatMap(({ times }) => [...times["at rest"].keys()]))];
  const x = (ms: number): number => LEFT + (Math.log10(Math.max(ms, 1)) / Math.log10(2000)) * WIDTH;
  const parts: string[] = [];
  let y = 30;
  for (const what of things) {
    parts.push(`<text x="${LEFT - 8}" y="${y + BAR}" text-anchor="end">${what}</text>`);
    entries.forEach((entry, i) => {
      const median = figure(entry.times["at rest"].get(what) ?? [])?.median;
      if (median === undefined) return;
      const width = Math.max(1, x(median) - LEFT).toFixed(1);
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" fill="${COLOURS[i % COLOURS.length]}"/>`,
        `<text x="${(x(median) + 4).toFixed(1)}" y="${y + BAR - 3}">${median.toFixed(1)} ms</text>`,
      );
      y += BAR;
    });
    y += 10;
  }
  const legend = entries.map(
    ({ contender }, i) =>
      `<rect x="${LEFT + i * 100}" y="8" width="10" height="10" fill="${COLOURS[i % COLOURS.length]}"/>` +
      `<text x="${LEFT + 14 + i * 100}" y="17">${contender.name.replace("Warren from ", "")}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 80} ${y}" font-family="sans-serif" font-size="10">
<rect width="100%" height="100%" fill="white"/>
${[...legend, ...parts].join("\n")}
</svg>
`;
}
