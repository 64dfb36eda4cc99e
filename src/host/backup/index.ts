/**
 * Containers in files: what an export is made of and how it is read again (docs/backup.md).
 *
 * An export is hostile when it is read. What must never happen here: a name of it used as a path of the host, trust
 * in a length or a digest that was not checked.
 */
export { applyChanges, makeWhiteouts, noteOverlay } from "./apply.ts";
export { type ArchiveReader, type Member, readArchive } from "./archive-read.ts";
export { type Piece, writeArchive } from "./archive-write.ts";
export { type Changes, changesBetween, type Listing, listTree, type OverlayNote } from "./listing.ts";
