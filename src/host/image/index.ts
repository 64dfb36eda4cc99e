/**
 * Image trees on disk: where they are, what is in them, how they come to be.
 *
 * Trees are other people's files: nothing here follows a link of theirs out of the tree, opens anything but regular
 * files, or runs one of their programs. What must never happen here: a tree that is half there under its digest.
 */
export { makeAnonymous } from "./anonymous.ts";
export { buildBusybox, requireBusybox } from "./busybox.ts";
export { type Architecture, type FoundInit, findInit } from "./init.ts";
export { findRoot, type Layout } from "./layout.ts";
export { type Place, type Shelf, shelf } from "./shelf.ts";
export { writeMetadata } from "./text.ts";
export { type Inventory, type ListedFile, takeInventory } from "./tree.ts";
export { applyTweaks } from "./tweak.ts";
