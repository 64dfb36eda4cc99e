import { closeSync, constants, openSync, readlinkSync, readSync } from "node:fs";
import type { InitKind } from "../../spec/container.ts";
import { openInRoot } from "../syscall/index.ts";

export type Architecture = "amd64" | "arm64" | "i386" | "armhf" | "riscv64" | "ppc64el" | "s390x" | "unknown";

export interface FoundInit {
  kind: InitKind;
  /** As the container will call it: a path in the tree. */
  command: string[];
  architecture: Architecture;
}

const O_PATH = 0o10000000;
/** Where an init may be, the kernel's order (init/main.c) after what distributions without /sbin/init use. */
const CANDIDATES = [
  "/sbin/init",
  "/usr/lib/systemd/systemd",
  "/lib/systemd/systemd",
  "/etc/init",
  "/bin/init",
  "/init",
];

/**
 * Finds a tree's init. Links are followed as in the container, with the tree as `/`, by openat2(2): nothing leads
 * outside. `undefined` when there is none.
 */
export function findInit(root: string): FoundInit | undefined {
  const top = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    const base = readlinkSync(`/proc/self/fd/${top}`);
    for (const path of CANDIDATES) {
      const file = open(top, path, constants.O_RDONLY | constants.O_NONBLOCK);
      if (file === undefined) continue;
      try {
        const real = readlinkSync(`/proc/self/fd/${file}`).slice(base.length);
        const architecture = architectureOf(file);
        if (architecture === undefined && !isScript(file)) continue;
        const kind = kindOf(real, (p) => exists(top, p));
        return { kind, command: [path], architecture: architecture ?? "unknown" };
      } finally {
        closeSync(file);
      }
    }
    return undefined;
  } finally {
    closeSync(top);
  }
}

/** Which init it is, from where /sbin/init really is and what lies about it. */
function kindOf(real: string, has: (path: string) => boolean): InitKind {
  const name = real.slice(real.lastIndexOf("/") + 1);
  if (name === "systemd") return "systemd";
  // Alpine's is busybox init with OpenRC's scripts: it is halted as busybox is, which is what the kind is for.
  if (name.startsWith("busybox")) return "busybox";
  if (!has("/etc/inittab") || name !== "init") return "other";
  return has("/sbin/openrc") ? "openrc" : "sysvinit";
}

function open(top: number, path: string, flags: number): number | undefined {
  try {
    return openInRoot(top, path, flags);
  } catch {
    return undefined;
  }
}

function exists(top: number, path: string): boolean {
  const fd = open(top, path, O_PATH);
  if (fd === undefined) return false;
  closeSync(fd);
  return true;
}

/** e_machine of elf(5). */
const MACHINES: Record<number, Architecture> = {
  3: "i386",
  21: "ppc64el",
  22: "s390x",
  40: "armhf",
  62: "amd64",
  183: "arm64",
  243: "riscv64",
};

function head(file: number): Buffer {
  const bytes = Buffer.alloc(20);
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } catch {
    // A directory, a device that is not there.
    return Buffer.alloc(0);
  }
}

function architectureOf(file: number): Architecture | undefined {
  const bytes = head(file);
  if (bytes.length < 20 || bytes.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const machine = bytes[5] === 2 ? bytes.readUInt16BE(18) : bytes.readUInt16LE(18);
  return MACHINES[machine] ?? "unknown";
}

const isScript = (file: number): boolean => head(file).toString("latin1", 0, 2) === "#!";
