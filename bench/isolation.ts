/**
 * npm run bench -- isolation: what a container that serves requests loses while its neighbour attacks, one attack for each
 * thing that can be taken; Warren with its defaults beside LXC without levels and the managers that are installed.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { buildBusybox } from "../src/host/image/busybox.ts";
import { asked } from "./asked.ts";
import { Absent, type Contender } from "./contender.ts";
import { docker } from "./contenders/docker.ts";
import { lxd } from "./contenders/lxd.ts";
import { raw } from "./contenders/raw.ts";
import { warren } from "./contenders/warren.ts";
import { describeHost } from "./host.ts";
import { reserve } from "./isolation/host.ts";
import { type Isolation, render } from "./isolation/page.ts";
import { picture } from "./isolation/picture.ts";
import { compile } from "./isolation/program.ts";
import { trials } from "./isolation/trial.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

const { values } = asked({
  options: {
    seconds: { type: "string" },
    quick: { type: "boolean", default: false },
    modest: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    attacks: { type: "string", default: "" },
    json: { type: "string", default: "" },
  },
});
const words = (text: string): string[] => text.split(",").filter((word) => word !== "");
const seconds = Number(values.seconds ?? (values.quick ? 2 : 5));
if (!(seconds >= 1 && seconds <= 60)) throw new Error(`--seconds is ${values.seconds}; give 1 to 60`);
/** Whether it is the whole comparison, whose page is kept. */
const whole = !values.quick && !values.modest && !values.only && !values.attacks;

const dir = mkdtempSync(`${tmpdir()}/warren-bench-`);
const tree = `${dir}/tree/root`;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const all: Contender[] = [
  warren("Warren", `${dir}/warren`, { binary: `${ROOT}/dist/warren`, daemon: true, tree }),
  raw(`${dir}/raw`, tree),
  lxd(`${dir}/lxd`, tree),
  docker(`${dir}/docker`, tree),
];
const names = values.quick && !values.only ? ["Warren", "raw lxc-start"] : words(values.only);
const wanted = all.filter(({ name }) => names.length === 0 || names.includes(name));

async function main(): Promise<void> {
  // 0711 above and 0700 around the tree: containers get through to their own, users of the host see no set-uid file.
  Bun.spawnSync(["chmod", "0711", dir]);
  mkdirSync(`${dir}/tree`, { mode: 0o700 });
  mkdirSync(tree);
  const terms = {
    seconds,
    reserve: reserve(values.modest),
    only: words(values.attacks),
    program: `${dir}/neighbour`,
  };
  const found: Isolation = { host: describeHost(), ...terms, entries: [], absent: [] };
  try {
    await buildBusybox(tree);
    compile(terms.program, `${dir}/said`);
    copyFileSync(terms.program, `${tree}/usr/bin/neighbour`);
    for (const contender of wanted) await take(contender);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const page = render(found);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(found, null, 1)}\n`);
  if (whole) {
    writeFileSync(`${ROOT}/docs/bench-isolation.md`, page);
    writeFileSync(`${ROOT}/docs/bench-isolation.svg`, picture(found));
  }
  process.stdout.write(`\n${page}\n`);

  async function take(contender: Contender): Promise<void> {
    try {
      const { version, how } = await contender.open();
      found.entries.push({ name: contender.name, version, how, trials: await trials(contender, terms, say) });
    } catch (error) {
      if (!(error instanceof Absent)) say(`${contender.name}: ${String(error)}`);
      found.absent.push({ name: contender.name, reason: (error as Error).message });
    } finally {
      await contender.close().catch((error) => say(`${contender.name}: not closed: ${String(error)}`));
    }
  }
}

await main();
