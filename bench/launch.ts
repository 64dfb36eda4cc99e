/**
 * npm run bench -- launch: how long containers take to launch, start, run a command in, list and delete, and what they
 * hold of memory; Warren beside LXC's own tools and the managers that are installed, in one run.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { buildBusybox } from "../src/host/image/busybox.ts";
import { asked } from "./asked.ts";
import { Absent, type Contender } from "./contender.ts";
import { docker } from "./contenders/docker.ts";
import { lxd } from "./contenders/lxd.ts";
import { podman } from "./contenders/podman.ts";
import { raw } from "./contenders/raw.ts";
import { warren } from "./contenders/warren.ts";
import { measureCrowd, measureList } from "./crowd.ts";
import { describeHost } from "./host.ts";
import { picture } from "./picture.ts";
import { type Entry, render } from "./report.ts";
import { measureRounds } from "./rounds.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

const { values } = asked({
  options: {
    runs: { type: "string", default: "20" },
    crowd: { type: "string", default: "60" },
    only: { type: "string", default: "" },
  },
});
const count = (name: "runs" | "crowd"): number => {
  const n = Number(values[name]);
  if (!Number.isInteger(n) || n < 3 || n > 500)
    throw new Error(`--${name} is ${values[name]}; give 3 to 500`);
  return n;
};
const options = { runs: count("runs"), crowd: count("crowd") };

const dir = mkdtempSync(`${tmpdir()}/warren-bench-`);
const tree = `${dir}/tree/root`;
const binary = `${ROOT}/dist/warren`;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const all: Contender[] = [
  raw(`${dir}/raw`, tree),
  warren("Warren", `${dir}/warren`, { binary, daemon: true }),
  warren("Warren from source", `${dir}/warren`, { binary, daemon: false, clone: ROOT }),
  lxd(`${dir}/lxd`, tree),
  docker(`${dir}/docker`, tree),
  podman(`${dir}/podman`, tree),
];
const wanted = all.filter(({ name }) => !values.only || values.only.split(",").includes(name));

async function main(): Promise<void> {
  // 0711 above and 0700 around the tree: containers get through to their own, users of the host see no set-uid file.
  Bun.spawnSync(["chmod", "0711", dir]);
  mkdirSync(`${dir}/tree`, { mode: 0o700 });
  mkdirSync(tree);
  await buildBusybox(tree);
  const host = describeHost();
  const entries: Entry[] = [];
  const absent: { name: string; reason: string }[] = [];
  try {
    for (const contender of wanted) {
      try {
        entries.push({
          contender,
          ...(await contender.open()),
          times: { "at rest": new Map(), "back to back": new Map() },
          memory: null,
        });
        say(`${contender.name}: ready`);
      } catch (error) {
        if (!(error instanceof Absent)) say(`${contender.name}: ${String(error)}`);
        absent.push({ name: contender.name, reason: (error as Error).message });
        await contender.close();
      }
    }
    await measureRounds(entries, options.runs, say);
    await measureCrowd(entries, options.crowd, say);
    await measureList(entries, options, say);
  } finally {
    for (const { contender } of [...entries].reverse())
      await contender.close().catch((error) => say(`${contender.name}: not closed: ${String(error)}`));
    rmSync(dir, { recursive: true, force: true });
  }
  const page = render({ host, entries, absent, ...options });
  writeFileSync(`${ROOT}/docs/bench-launch.md`, page);
  writeFileSync(`${ROOT}/docs/bench-launch.svg`, picture(entries));
  process.stdout.write(`\n${page}\n`);
}

await main();
