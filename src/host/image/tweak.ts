import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Tweak } from "../../spec/tweak.ts";
import { run } from "../exec/index.ts";

/** Where the packages' own start scripts are kept. */
const DIVERTED = "/usr/share/warren/init.d";

/** Changes a tree that was just built from trusted packages; not for trees that anybody else had in hands. */
export async function applyTweaks(root: string, tweaks: readonly Tweak[]): Promise<void> {
  for (const tweak of tweaks) await apply(root, tweak);
}

async function apply(root: string, tweak: Tweak): Promise<void> {
  if (tweak.kind === "script") return replaceScript(root, tweak.name, tweak.body);
  const path = `${root}/${tweak.path}`;
  if (tweak.kind === "edit") {
    const lines = readFileSync(path, "utf8").split("\n");
    const kept = lines.filter((line) => !tweak.drop.test(line)).join("\n");
    return writeFileSync(path, kept.replace(/\n*$/, "\n") + tweak.add);
  }
  if (tweak.kind === "directory") {
    mkdirSync(path, { recursive: true });
    return chmodSync(path, tweak.mode);
  }
  rmSync(path, { force: true });
  if (tweak.kind === "remove") return;
  mkdirSync(dirname(path), { recursive: true });
  if (tweak.kind === "link") return symlinkSync(tweak.target, path);
  writeFileSync(path, tweak.text);
  chmodSync(path, tweak.mode);
}

/** Diverts a package's start script (dpkg-divert(1), so upgrades leave ours alone) and writes ours with its header. */
async function replaceScript(root: string, name: string, body: string): Promise<void> {
  const path = `/etc/init.d/${name}`;
  if (!lstatSync(root + path, { throwIfNoEntry: false })) return;
  mkdirSync(root + DIVERTED, { recursive: true });
  const divert = ["--quiet", "--local", "--rename", "--divert", `${DIVERTED}/${name}`, "--add", path];
  await run(["chroot", root, "dpkg-divert", ...divert]);
  const header = /^### BEGIN INIT INFO$[\s\S]*?^### END INIT INFO$/m.exec(
    readFileSync(`${root}${DIVERTED}/${name}`, "utf8"),
  );
  writeFileSync(
    root + path,
    `#!/bin/sh\n${header?.[0] ?? ""}\n# The package's own, for machines, is ${DIVERTED}/${name}.\n${body}\nexit 0\n`,
  );
  chmodSync(root + path, 0o755);
}
