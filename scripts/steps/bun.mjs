// @ts-check
// The pinned Bun: which of the three packages fits this CPU, and whether it runs.

import { existsSync, readFileSync } from "node:fs";
import { arch } from "node:os";
import { capture } from "./command.mjs";
import { inClone } from "./place.mjs";
import { Refusal } from "./say.mjs";

/**
 * The package for a CPU. Bun's x64 build needs AVX2; the baseline build does not.
 * @param {string} cpu as Node names it @param {string} cpuinfo /proc/cpuinfo
 */
export function bunPackage(cpu, cpuinfo) {
  if (cpu === "arm64") return "bun-linux-aarch64";
  if (cpu === "x64")
    return /^flags\s*:.*\bavx2\b/m.test(cpuinfo) ? "bun-linux-x64" : "bun-linux-x64-baseline";
  throw new Refusal(`the CPU is ${cpu}`, "Warren runs on x86-64 and arm64", 5);
}

/** Path of the pinned Bun. */
export const bunPath = () =>
  inClone("node_modules", "@oven", bunPackage(arch(), readFileSync("/proc/cpuinfo", "utf8")), "bin", "bun");

/** Checks that the pinned Bun runs and is the version package.json names. @returns {string} its version */
export function verifyBun() {
  const path = bunPath();
  const pinned = JSON.parse(readFileSync(inClone("package.json"), "utf8")).optionalDependencies[
    "@oven/bun-linux-x64"
  ];
  if (!existsSync(path)) throw new Refusal(`${path} is not there`, "run `npm ci --include=optional`");
  const { code, stdout, stderr } = capture([path, "--version"], { timeout: 10_000 });
  const version = stdout.trim();
  if (code !== 0)
    throw new Refusal(
      `Bun does not run here: ${stderr.trim().split("\n").at(-1)}`,
      "see docs/decisions/0001",
    );
  if (version !== pinned) throw new Refusal(`Bun is ${version} and must be ${pinned}`, "run `npm ci`");
  return version;
}
