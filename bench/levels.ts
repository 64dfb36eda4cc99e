/**
 * npm run bench -- levels: how long a change of levels takes from request to answer, beside writing the same files of the
 * kernel by hand in the same run, and what ten thousand changes leave behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { openCgroups } from "../src/host/cgroup/index.ts";
import { asked } from "./asked.ts";
import { warren } from "./contenders/warren.ts";
import { timed } from "./figures.ts";
import { describeHost } from "./host.ts";
import { type Changes, openChanges } from "./levels/changes.ts";
import { type Held, held } from "./levels/held.ts";
import { type Compared, render } from "./levels/page.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const NAME = "changed";

const { values } = asked({
  options: { rounds: { type: "string", default: "100" }, changes: { type: "string", default: "10000" } },
});
const count = (name: "rounds" | "changes"): number => {
  const n = Number(values[name]);
  if (!Number.isInteger(n) || n < 10 || n > 1_000_000)
    throw new Error(`--${name} is ${values[name]}; give 10 to 1000000`);
  return n;
};

/** Every round sets each list of levels once by Warren and, where all are files, once by hand. */
async function compare(changes: Changes, rounds: number): Promise<Compared[]> {
  const compared: Compared[] = changes.lists.map(({ title, keys }) => ({ title, keys, own: [], byHand: [] }));
  for (let round = 0; round < rounds; round++)
    for (const [i, { keys, files }] of changes.lists.entries()) {
      compared[i]!.own.push(await timed(() => changes.set(keys, round)));
      if (files) {
        const writes = files(round + 1);
        compared[i]!.byHand.push(
          await timed(() => {
            for (const [path, text] of writes) writeFileSync(path, text);
          }),
        );
      }
    }
  return compared;
}

/** Changes one after the other; what the daemon holds before and after. */
async function many(
  changes: Changes,
  pid: number,
  dir: string,
  times: number,
): Promise<[Held, Held, number]> {
  for (let i = 0; i < 1000; i++) await changes.set(["pids.limit", "cpu.weight"], i);
  const before = held(pid, dir);
  const ms = await timed(async () => {
    for (let i = 0; i < times; i++) await changes.set(["pids.limit", "cpu.weight"], i);
  });
  return [before, held(pid, dir), ms];
}

async function main(): Promise<void> {
  const [rounds, times] = [count("rounds"), count("changes")];
  const dir = mkdtempSync(`${tmpdir()}/warren-bench-`);
  Bun.spawnSync(["chmod", "0711", dir]);
  const contender = warren("Warren", `${dir}/warren`, { binary: `${ROOT}/dist/warren`, daemon: true });
  try {
    const { version } = await contender.open();
    contender.launch(NAME);
    const changes = await openChanges(`${dir}/warren/run/warren.sock`, NAME, openCgroups());
    const compared = await compare(changes, rounds);
    const left = await many(changes, contender.pids?.()[0] ?? 0, `${dir}/warren`, times);
    const page = render({ host: describeHost(), version, rounds, times, compared, left });
    writeFileSync(`${ROOT}/docs/bench-levels.md`, page);
    process.stdout.write(`\n${page}\n`);
  } finally {
    await contender.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

await main();
