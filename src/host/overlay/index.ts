/**
 * A container's root: the image's tree below, the container's own directory above, both seen through its id range.
 *
 * What must never happen here: a write to a lower layer, a mount point below a guest's tree, following a guest's link.
 */
import { closeSync, constants, mkdirSync, openSync, rmdirSync } from "node:fs";
import { mount, mountIdmapped, unmount } from "../syscall/index.ts";
import { overlayOptions } from "./text.ts";

export interface Root {
  /** Image trees, the topmost first. */
  lowers: readonly string[];
  /** The container's own directory, holding `upper` and `work`. */
  data: string;
  /** Where the merged tree appears; an existing directory. */
  target: string;
  /** An empty directory of ours for mounts that live for a moment. */
  scratch: string;
}

const O_PATH = 0o10000000;

/** Mounts a root. Throws FAILED with call and errno; leaves nothing behind then. */
export function mountRoot(root: Root, userns: number): void {
  const mounts: string[] = [];
  const descriptors: number[] = [];
  // The layers are named to overlay by descriptor, so that the guest's /proc/mounts shows no path of the host.
  const through = (source: string, at: string): string => {
    mkdirSync(at, { recursive: true });
    mounts.push(at);
    mountIdmapped(source, at, userns, closeSync);
    const fd = openSync(at, O_PATH | constants.O_DIRECTORY);
    descriptors.push(fd);
    return `/proc/self/fd/${fd}`;
  };
  try {
    const lowers = root.lowers.map((lower, i) => through(lower, `${root.scratch}/lower${i}`));
    const data = through(root.data, `${root.scratch}/data`);
    mount("overlay", root.target, "overlay", 0, overlayOptions(lowers, `${data}/upper`, `${data}/work`));
  } finally {
    for (const fd of descriptors) closeSync(fd);
    for (const at of mounts) {
      unmount(at);
      rmdirSync(at);
    }
    rmdirSync(root.scratch);
  }
}

/** Takes a root away; processes that still hold it keep it until they end. No error when nothing is mounted. */
export function unmountRoot(target: string): void {
  unmount(target);
}
