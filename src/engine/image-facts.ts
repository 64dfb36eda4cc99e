import { closeSync, constants, readdirSync } from "node:fs";
import { exists, inRoot, opened, readText } from "../host/guestfs/index.ts";
import { type TreeFacts, titleOf } from "../plan/template.ts";
import { WarrenError } from "../spec/errors.ts";

const LIBRARIES = ["lib64", "lib/x86_64-linux-gnu", "lib/i386-linux-gnu", "lib/i686", "lib"];
const SYSTEMD = [
  "usr/lib/systemd",
  "lib/systemd",
  "usr/lib/x86_64-linux-gnu/systemd",
  "lib/x86_64-linux-gnu/systemd",
];

/** The releases of systemd's shared library in a tree; old systemd has none, each more than once where /lib is /usr/lib. */
export const systemdReleases = (dir: number): number[] => numbersIn(dir, SYSTEMD, /^libsystemd-shared-(\d+)/);

/** Looks into a tree that somebody else made: only names and small text files, never out of it. */
export function treeFacts(root: string): TreeFacts {
  return inRoot(root, (dir) => {
    const there = (...paths: string[]): boolean => paths.some((path) => exists(dir, path));
    const hasSystemd = there("usr/lib/systemd/systemd", "lib/systemd/systemd");
    const released = ["etc/redhat-release", "etc/debian_version"].map((path) => readText(root, path, 4096));
    return {
      title: titleOf(
        readText(root, "etc/os-release", 65_536),
        released.find((text) => text !== null) ?? null,
      ),
      systemd: hasSystemd ? Math.max(0, ...systemdReleases(dir)) : null,
      glibc: numbersIn(dir, LIBRARIES, /^libc-2\.(\d+)\.so$/)[0] ?? null,
      upstart: there("etc/init/rc.conf", "etc/init/rc-sysinit.conf") && !hasSystemd,
      venet:
        there("etc/sysconfig/network-scripts/ifcfg-venet0") ||
        /\bvenet0\b/.test(readText(root, "etc/network/interfaces") ?? ""),
      vzScripts: there("etc/init.d/vzquota", "etc/init.d/vzreboot", "etc/rc.d/rc6.d/S00vzreboot"),
      ttyLogins: /^[^#\n]*getty[^\n]*\btty[1-6]\b/m.test(readText(root, "etc/inittab") ?? ""),
    };
  });
}

/** The numbers in the names that match, in any of the directories. */
const numbersIn = (dir: number, directories: readonly string[], pattern: RegExp): number[] =>
  directories.flatMap((path) =>
    namesIn(dir, path).flatMap((name) => Number(pattern.exec(name)?.[1] ?? Number.NaN) || []),
  );

/** What is in a directory of the tree; nothing where there is none. */
function namesIn(dir: number, path: string): string[] {
  try {
    const fd = opened(dir, path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return readdirSync(`/proc/self/fd/${fd}`);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof WarrenError) return [];
    throw error;
  }
}
