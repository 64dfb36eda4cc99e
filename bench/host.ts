import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

/** The machine a comparison ran on, as a line; without its name. */
export function describeHost(): string {
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  const dialect = / - cgroup \S+ \S*memory/.test(mounts) ? "cgroup v1 (hybrid)" : "cgroup v2";
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]!.toFixed(1);
  return `${system}, Linux ${release()}, ${dialect}, ${cpus().length} CPUs, ${memory} GiB; load ${load} at its begin; ${new Date().toISOString().slice(0, 10)}`;
}
