/**
 * Devices of the host that a guest is given: nodes of its own, owned by its root, in a small file system of their own.
 *
 * What must never happen here: a node of a device that nobody named; a path below a guest's tree.
 */
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { WarrenError } from "../../spec/errors.ts";
import { deviceNumbers } from "../proc/text.ts";
import { makeNode, mount } from "../syscall/index.ts";

/** One device as rules of control groups name it. */
export interface Device {
  /** Below /dev, `net/tun`. */
  name: string;
  type: "c" | "b";
  major: number;
  minor: number;
}

const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const MS_NOSUID = 2;
const MS_NOEXEC = 8;

/** The device behind a name below /dev; `null` when there is none. Links (by-id, by-path) are followed once, here. */
export function deviceOf(name: string): Device | null {
  try {
    const real = realpathSync(`/dev/${name}`);
    const stat = lstatSync(real);
    const type = stat.isCharacterDevice() ? "c" : stat.isBlockDevice() ? "b" : null;
    if (!real.startsWith("/dev/") || type === null) return null;
    return { name, type, ...deviceNumbers(stat.rdev) };
  } catch {
    return null;
  }
}

/** Mounts nodes for `devices` at `at`, owned by the host id `owner`. Throws FAILED. */
export function mountDevices(at: string, owner: number, devices: readonly Device[]): void {
  mkdirSync(at, { recursive: true });
  // Without MS_NODEV: it is what this is for, and where it is mounted (/run) usually has it.
  mount("devices", at, "tmpfs", MS_NOSUID | MS_NOEXEC, `size=64k,mode=0755,uid=${owner},gid=${owner}`);
  for (const { name, type, major, minor } of devices) {
    mkdirSync(dirname(`${at}/${name}`), { recursive: true });
    makeNode(`${at}/${name}`, (type === "c" ? S_IFCHR : S_IFBLK) | 0o660, major, minor);
    // The daemon's umask had its part in the mode.
    chmodSync(`${at}/${name}`, 0o660);
    chownSync(`${at}/${name}`, owner, owner);
  }
}

/** Names of the devices that are mounted at `at`, sorted; `null` when nothing is. */
export function mountedDevices(at: string): string[] | null {
  try {
    const entries = readdirSync(at, { recursive: true, withFileTypes: true });
    const nodes = entries.filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice());
    return nodes.map((entry) => `${entry.parentPath}/${entry.name}`.slice(at.length + 1)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The devices of a list of names. Throws REFUSED for one that this host hasn't. */
export function devicesOf(names: readonly string[]): Device[] {
  return names.map((name) => {
    const device = deviceOf(name);
    if (device !== null) return device;
    throw new WarrenError("REFUSED", `this host has no device /dev/${name}`, "see `ls -l /dev`", { name });
  });
}
