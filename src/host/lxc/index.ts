/**
 * LXC: starts containers, and its monitors keep them when we are gone.
 *
 * What must never happen here: a decision about levels, addresses or files; a path that is not absolute (`-P`).
 */

export * from "./linux.ts";
export { type ContainerConfig, deviceLines, fstabEscape, isCrash } from "./text.ts";
