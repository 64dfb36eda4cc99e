/**
 * OCI layouts and docker-save archives that were unpacked into a directory: their configuration, their layers, and how
 * a layer changes a tree.
 *
 * All of it is hostile: files are opened below the directory only (openat2(2) RESOLVE_IN_ROOT) and no content is
 * taken whose hash is not the one that is named. What must never happen here: following a link of a tree while it is
 * changed.
 */
export { type Layer, type Layout, openLayout } from "./layout.ts";
export { applyLayer, completeTree, type Link, linkAcross } from "./merge.ts";
