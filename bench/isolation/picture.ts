import { ATTACKS } from "./attacks.ts";
import { keeping } from "./kept.ts";
import { type Isolation, TARGET } from "./page.ts";

const COLOURS = ["#1a7f37", "#888888", "#e07b39", "#2f6fd0"];
const LEFT = 90;
const WIDTH = 480;
const BAR = 9;

/** Bars of what the victim kept of its requests, as an SVG that needs nothing else; the line is the target. */
export function picture({ entries }: Isolation): string {
  const parts: string[] = [];
  let y = 30;
  for (const { name } of ATTACKS) {
    parts.push(`<text x="${LEFT - 8}" y="${y + BAR}" text-anchor="end">${name}</text>`);
    entries.forEach(({ trials }, i) => {
      const trial = trials.find(({ attack }) => attack === name);
      if (!trial) return;
      const width = (Math.min(keeping(trial).rate, 1.05) * WIDTH).toFixed(1);
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 1}" fill="${COLOURS[i % COLOURS.length]}"/>`,
      );
      y += BAR;
    });
    y += 8;
  }
  const legend = entries.map(
    ({ name }, i) =>
      `<rect x="${LEFT + i * 110}" y="8" width="10" height="10" fill="${COLOURS[i % COLOURS.length]}"/>` +
      `<text x="${LEFT + 14 + i * 110}" y="17">${name}</text>`,
  );
  const target = LEFT + TARGET * WIDTH;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH * 1.05 + 20} ${y}" font-family="sans-serif" font-size="10">
<rect width="100%" height="100%" fill="white"/>
${[...legend, ...parts].join("\n")}
<line x1="${target}" y1="24" x2="${target}" y2="${y}" stroke="black" stroke-dasharray="3 3"/>
</svg>
`;
}
