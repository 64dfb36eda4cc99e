/**
 * A container's root: the image's tree below, the container's own directory above, both seen through its id range.
 *
 * What must never happen here: a write to a lower layer, a mount point below a guest's tree, following a guest's link.
 */
import { closeSync, mkdirSync, rmdirSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { attachMount, cloneIdmapped, mount, unmount } from "../syscall/index.ts";
import { overlayOptions } from "./text.ts";

export interface Root {
  /** Image trees, the topmost first. */
  lowers: readonly string[];
  /** The container's own directory, holding `upper` and `work`. */
  data: string;
  /** Where the merged tree appears; an existing directory. */
  target: string;
  /** A directory of ours for mounts that live for a moment; made and removed when it is needed. */
  scratch: string;
}

/** Mounts a root. Throws FAILED with call and errno; leaves nothing behind then. */
export function mountRoot(root: Root, userns: number): void {
  const trees: number[] = [];
  try {
    for (const source of [root.data, ...root.lowers]) trees.push(cloneIdmapped(source, userns));
    try {
      mountOverlay(root.target, trees);
    } catch (error) {
      // Before Linux 6.15 overlay takes no layer that is attached nowhere: EINVAL.
      if (!(error instanceof WarrenError) || error.details?.errno !== "EINVAL") throw error;
      mountAttached(root, trees);
    }
  } finally {
    for (const tree of trees) closeSync(tree);
  }
}

/** The layers are named by descriptor, so that the guest's /proc/mounts shows no path of the host. */
function mountOverlay(target: string, trees: readonly number[]): void {
  const [data, ...lowers] = trees.map((fd) => `/proc/self/fd/${fd}`);
  mount("overlay", target, "overlay", 0, overlayOptions(lowers, `${data}/upper`, `${data}/work`));
}

/** The same with each layer attached below `scratch` for the moment. A descriptor of a clone stays one when attached. */
function mountAttached(root: Root, trees: readonly number[]): void {
  const attached: string[] = [];
  try {
    for (const tree of trees) {
      const at = `${root.scratch}/${attached.length}`;
      mkdirSync(at, { recursive: true });
      attached.push(at);
      attachMount(tree, at);
    }
    mountOverlay(root.target, trees);
  } finally {
    for (const at of attached) {
      unmount(at);
      rmdirSync(at);
    }
    if (attached.length > 0) rmdirSync(root.scratch);
  }
}

/** Takes a root away; processes that still hold it keep it until they end. No error when nothing is mounted. */
export function unmountRoot(target: string): void {
  unmount(target);
}
