/**
 * npm run bench -- density: what containers take of disk and memory, more and more of them, of one image and of three with common
 * packages: Warren beside whole copies, btrfs snapshots and Docker's overlay2.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { asked } from "./asked.ts";
import { trees } from "./density/images.ts";
import { type Climb, climb } from "./density/ladder.ts";
import { raiseLimits } from "./density/limits.ts";
import { type Density, render } from "./density/page.ts";
import { picture } from "./density/picture.ts";
import type { Side } from "./density/side.ts";
import { docker } from "./density/sides/docker.ts";
import { COPIES, lxc, SNAPSHOTS } from "./density/sides/lxc.ts";
import { warren } from "./density/sides/warren.ts";
import { describeHost } from "./host.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
/** Containers at each step. */
const STEPS = [1, 10, 30, 100, 300, 1000];
/** Of those who have each file once for each container: more say nothing new, and fill the disk. */
const MOST_COPIES = 30;

const { values } = asked({
  options: {
    most: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    json: { type: "string", default: "" },
    add: { type: "string", default: "" },
  },
});
const most = Number(values.most ?? (values.quick ? 10 : 300));
if (!Number.isInteger(most) || most < 1 || most > 1000)
  throw new Error(`--most is ${values.most}; give 1 to 1000`);
/** What an earlier run found of other sides, which are not measured again. */
const earlier: Density | null = values.add ? JSON.parse(readFileSync(values.add, "utf8")) : null;
/** Whether it is the whole comparison, whose page is kept. */
const whole = most >= 300 && (values.only === "" || earlier !== null);

const dir = mkdtempSync(`${tmpdir()}/warren-bench-`);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const binary = `${ROOT}/dist/warren`;
const log = `${dir}/said`;

const all: (() => Side)[] = [
  () => warren(binary, log),
  () => lxc(COPIES, MOST_COPIES, log),
  () => lxc(SNAPSHOTS, MOST_COPIES, log),
  () => docker(1000, log),
];
const wanted = all.filter((side) => !values.only || values.only.split(",").includes(side().name));

/** Ends between two steps, so that everything is taken away again. */
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    say("ending");
    stop.abort(new Error(`ended by ${signal}`));
  });

async function main(): Promise<void> {
  Bun.spawnSync(["chmod", "0711", dir]);
  const found: Density = { host: describeHost(), climbs: [], absent: [] };
  const restore = raiseLimits();
  try {
    const images = await trees(binary, dir, say);
    for (const count of [1, images.length])
      for (const side of wanted) await take(side(), images.slice(0, count), found.climbs);
  } finally {
    restore();
    rmSync(dir, { recursive: true, force: true });
  }
  const measured = new Set(found.climbs.map(({ side }) => side));
  found.climbs.push(...(earlier?.climbs.filter(({ side }) => !measured.has(side)) ?? []));
  const page = render(found);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(found, null, 1)}\n`);
  if (whole) {
    writeFileSync(`${ROOT}/docs/bench-density.md`, page);
    writeFileSync(`${ROOT}/docs/bench-density.svg`, picture(found));
  }
  process.stdout.write(`\n${page}\n`);

  async function take(side: Side, images: readonly string[], climbs: Climb[]): Promise<void> {
    stop.signal.throwIfAborted();
    const at = `${dir}/${side.name.replace(" ", "-")}-${images.length}`;
    mkdirSync(at);
    const steps = STEPS.filter((step) => step <= most);
    try {
      climbs.push(await climb(side, at, images, steps, stop.signal, say));
    } catch (error) {
      if (stop.signal.aborted) throw error;
      found.absent.push({ name: `${side.name}, ${images.length} images`, reason: (error as Error).message });
    }
  }
}

await main();
