/**
 * Files that are kept once and have a name in every tree that holds them: objects, and the private lower layers of
 * containers, which are made of them.
 *
 * What must never happen here: an object that anybody writes to (a guest's upper never holds one's inode), one that is half
 * there under its name, two paths of one tree with one inode.
 */
export { breather } from "./breathe.ts";
export { contentReader, copyFileTo, type Original } from "./content.ts";
export { type Journal, openJournal } from "./journal.ts";
export { KEPT_ATTRIBUTES, keyOf } from "./key.ts";
export { noteReader, prune, type Shown, setOpaque, unsetOpaque, visible } from "./layers.ts";
export { type Lowers, openLowers } from "./lowers.ts";
export { type Objects, openObjects, type StoredObject } from "./objects.ts";
export { type Entry, walk } from "./walk.ts";
