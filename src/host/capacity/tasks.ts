import { readFileSync } from "node:fs";

/**
 * How many processes and threads the kernel can have at one time: proc_sys_kernel(5), pid_max and threads-max. `root` is
 * where /proc is found. Throws what reading throws.
 */
export function taskCapacity(root = "/"): number {
  const read = (name: string): number => Number(readFileSync(`${root}proc/sys/kernel/${name}`, "latin1"));
  return Math.min(read("pid_max"), read("threads-max"));
}
