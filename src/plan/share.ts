/** Directories at the top of a tree whose files packages bring and programs only read. */
const TOPS = /^(usr|opt|bin|sbin|lib(32|64|x32|o32)?)$/;

/** What is asked about a file before it may be shared. */
export interface Candidate {
  /** From the tree's top, without a `/` in front. */
  path: string;
  size: number;
  /** Blocks of 512 bytes on disk. */
  blocks: number;
  /** Names it has. */
  links: number;
}

/** Above this many bytes a file with holes is left alone: a copy of it could fill the disk. */
const HOLES_FROM = 1 << 20;

/** Whether a directory at the top of a tree can hold files to share. */
export const mayHold = (top: string): boolean => TOPS.test(top);

/**
 * Whether a regular file may be one inode with equal files of other trees. A guest sees how many names an inode has, and
 * some programs refuse files with more than one, or lock by making one: so only files that packages bring, nothing of
 * /etc, /var, /root, /home, /run, /srv and /tmp, no empty file, and none that has several names in its own tree. Source:
 * what users of Linux-VServer's vhashify learned.
 */
export function mayShare({ path, size, blocks, links }: Candidate): boolean {
  const top = path.slice(0, path.indexOf("/"));
  if (!mayHold(top) || size === 0 || links !== 1) return false;
  return size < HOLES_FROM || blocks * 512 >= size;
}
