/**
 * npm run bench -- import: how long an image takes to import beside `tar -x` of the same archive, with and without the sync that makes it
 * last, when none of its files is there yet, and when nearly all are.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { asked } from "./asked.ts";
import { command, daemon, output } from "./command.ts";
import { figure, timed } from "./figures.ts";
import { describeHost } from "./host.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const { values } = asked({
  options: { runs: { type: "string", default: "10" }, archive: { type: "string", default: "" } },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 3 || runs > 100)
  throw new Error(`--runs is ${values.runs}; give 3 to 100`);

const dir = mkdtempSync(`${tmpdir()}/warren-bench-`);
command(["chmod", "0711", dir], `${dir}/said`);
const [binary, log, env] = [`${ROOT}/dist/warren`, `${dir}/said`, { WARREN_DIR: dir }];
const warren = (...args: string[]): void => command([binary, ...args], log, env);
const PLAIN = "tar -x";
const SYNCED = "tar -x, then sync";
const FIRST = "Warren, no file there yet";
const AGAIN = "Warren, all but one file there";
const times = new Map<string, number[]>([PLAIN, SYNCED, FIRST, AGAIN].map((name) => [name, []]));

async function measure(name: string, work: () => void): Promise<void> {
  // Each begins with nothing left to write.
  command(["sync"], log);
  times.get(name)!.push(await timed(work));
}

async function main(): Promise<void> {
  const archive = `${dir}/image.tar`;
  if (values.archive) copyFileSync(values.archive, archive);
  else {
    warren("image", "build", "debian/13");
    warren("image", "export", "debian/13", archive, "--compression", "none");
    warren("image", "delete", "debian/13");
  }
  // The tree is below rootfs/ in unified tarballs, and at the top of others.
  for (const at of ["usr/lib", "rootfs/usr/lib"]) {
    mkdirSync(`${dir}/more/${at}`, { recursive: true });
    writeFileSync(`${dir}/more/${at}/one-more`, "one more\n");
  }
  const isUnified = output(["tar", "--list", "--file", archive], log).includes("rootfs/");
  const more = isUnified ? "./rootfs/usr/lib/one-more" : "./usr/lib/one-more";
  const later = `${dir}/later.tar`;
  copyFileSync(archive, later);
  command(["tar", "--append", "--file", later, "--directory", `${dir}/more`, more], log);
  for (let round = 0; round < runs; round++) {
    const at = `${dir}/tree`;
    const untar = (): void =>
      command(["tar", "-x", "--numeric-owner", "--xattrs", "-f", archive, "-C", at], log);
    for (const [name, work] of [
      [PLAIN, untar],
      [SYNCED, () => void [untar(), command(["sync", "--file-system", at], log)]],
    ] as const) {
      mkdirSync(at);
      await measure(name, work);
      rmSync(at, { recursive: true });
    }
    await measure(FIRST, () => warren("image", "import", archive, "--alias", "bench/first"));
    await measure(AGAIN, () => warren("image", "import", later, "--alias", "bench/again"));
    warren("image", "delete", "bench/first", "bench/again");
  }
  const base = figure(times.get(SYNCED)!)!.median;
  const rows = [...times].map(([name, each]) => {
    const { median, p95 } = figure(each)!;
    return `| ${name} | ${median.toFixed(0)} | ${p95.toFixed(0)} | ${(median / base).toFixed(2)} |`;
  });
  const size = Math.round(statSync(archive).size / 1e6);
  process.stdout.write(
    `${describeHost()}\n\nAn archive of ${size} MB, ${runs} rounds, milliseconds.\n\n` +
      `| | median | p95 | ratio |\n|---|---|---|---|\n${rows.join("\n")}\n`,
  );
}

try {
  const served = await daemon([binary, "daemon"], `${dir}/daemon.log`, () => warren("version"), env);
  await main().finally(() => served.stop());
} finally {
  rmSync(dir, { recursive: true, force: true });
}
