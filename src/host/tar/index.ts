/**
 * Archives in and out, by GNU tar.
 *
 * An archive is hostile: it is unpacked by a tar that runs in a user namespace of ids nobody has, where it may change
 * nothing of the host's, into a directory that is all it has been given (docs/decisions, "image extraction").
 * What must never happen here: tar run as the host's root on an archive from outside, a name of the archive in a
 * command line.
 */
export { type Extracted, type ExtractOptions, extract } from "./extract.ts";
export { COMPRESSIONS, type Compression, type Packing, type Part, pack } from "./pack.ts";
export type { MissedLink } from "./text.ts";
export { decompressor, MAGIC_BYTES } from "./text.ts";
