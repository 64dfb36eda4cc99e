// @ts-check
// Makes the package; equal sources and an equal SOURCE_DATE_EPOCH make equal packages.

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bunPath } from "../steps/bun.mjs";
import { capture } from "../steps/command.mjs";
import { inClone, ROOT } from "../steps/place.mjs";
import { Refusal } from "../steps/say.mjs";
import { packageBinary } from "./binary.mjs";
import { architecture, control, debianVersion } from "./control.mjs";
import { installedSize, layOut, settle } from "./tree.mjs";

/**
 * @param {{ version?: string | undefined, directory?: string }} [options] version: another than package.json's; directory:
 *   where the package goes, dist/ unless told
 * @returns {string} the package's path
 */
export function makePackage({ version, directory = inClone("dist") } = {}) {
  const plain = version ?? JSON.parse(readFileSync(inClone("package.json"), "utf8")).version;
  const debian = debianVersion(plain);
  if (!debian)
    throw new Refusal(`"${plain}" is no version`, "write MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH-PRE", 2);
  const arch = architecture(process.arch);
  if (!arch) throw new Refusal(`the CPU is ${process.arch}`, "packages are made for x86-64 and arm64", 5);
  const epoch = sourceDate();
  const work = mkdtempSync(join(tmpdir(), "warren-deb-"));
  try {
    const root = join(work, "tree");
    mkdirSync(root);
    layOut(root, packageBinary(work, plain), madeTexts(plain, epoch));
    const about = { version: debian, architecture: arch, size: installedSize(root) };
    writeFileSync(join(root, "DEBIAN", "control"), control(about));
    settle(root, epoch);
    const name = `warren_${debian}_${arch}.deb`;
    // zstd: unpacked by dpkg since Debian 12 and Ubuntu 18.04, and in a tenth of xz's time.
    const argv = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "--build", root, join(work, name)];
    must(argv, { env: { SOURCE_DATE_EPOCH: String(epoch) }, timeout: 10 * 60_000 });
    mkdirSync(directory, { recursive: true });
    const made = join(directory, name);
    must(["cp", join(work, name), `${made}.new`]);
    renameSync(`${made}.new`, made);
    return made;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The time every file carries: SOURCE_DATE_EPOCH, else the last commit's, else 1970. @returns {number} seconds */
function sourceDate() {
  const told = process.env.SOURCE_DATE_EPOCH;
  if (told !== undefined) {
    if (!/^\d+$/.test(told))
      throw new Refusal(`SOURCE_DATE_EPOCH is "${told}"`, "give seconds since 1970", 2);
    return Number(told);
  }
  const { code, stdout } = capture(["git", "-C", ROOT, "log", "-1", "--format=%ct"]);
  return code === 0 ? Number(stdout) : 0;
}

/** @param {string} version @param {number} epoch @returns {Record<string, string>} */
function madeTexts(version, epoch) {
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  return JSON.parse(must([bunPath(), inClone("scripts", "deb", "texts.ts"), version, date]));
}

/** @param {string[]} argv @param {{ env?: Record<string, string>, timeout?: number }} [options] */
function must(argv, options = {}) {
  const { code, stdout, stderr } = capture(argv, options);
  if (code !== 0) throw new Refusal(`${argv[0]} ended with ${code}`, (stderr || stdout).trim());
  return stdout;
}
