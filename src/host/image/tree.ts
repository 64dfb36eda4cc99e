import { lstatSync, readdirSync, readlinkSync, type Stats, unlinkSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { breather, contentReader, KEPT_ATTRIBUTES } from "../object/index.ts";
import { type Attribute, xattrReader } from "../syscall/xattr.ts";

/** What is in a tree. */
export interface Inventory {
  /** `sha256:` and 64 hex digits over the canonical listing (docs/images.md). */
  digest: string;
  /** Bytes on disk. */
  size: number;
  entries: number;
  /** Device nodes and sockets that were there and were removed. */
  dropped: number;
}

/** A regular file as the listing came by it. */
export interface ListedFile {
  path: Buffer;
  /** From the tree's top, beginning with `./`. */
  name: Buffer;
  stat: Stats;
  /** SHA-256 of its content in hex. */
  content: string;
  attributes: readonly Attribute[];
}

export interface InventoryOptions {
  signal?: AbortSignal | undefined;
  /** Told of each regular file once, by the first of its names. */
  onFile?(file: ListedFile): void;
  /** The hash of a file's content where it is known already; else it is read. */
  contentOf?(stat: Stats): string | undefined;
}

/** Most bytes all files together may claim, holes included: hashing reads them all. 1 TiB. */
const CLAIM_MOST = 2 ** 40;

/**
 * Lists a tree in its canonical form and hashes that, removing device nodes and sockets, which no image may hold.
 *
 * The listing has one record an entry, sorted by the bytes of the path: type, path, mode, uid, gid, then for a regular
 * file size, time and content hash, for a symlink its target, for a further name of a file the first name; and the
 * extended attributes. Times of directories and links are left out: unpacking changes them. Throws HOSTILE when
 * the files claim more than 1 TiB.
 */
export async function takeInventory(root: string, options: InventoryOptions = {}): Promise<Inventory> {
  const { signal, onFile, contentOf } = options;
  const listing = new Bun.CryptoHasher("sha256");
  const attributes = xattrReader();
  const firstNames = new Map<string, Buffer>();
  const result: Inventory = { digest: "", size: 0, entries: 0, dropped: 0 };
  const breathe = breather("hashing the image", signal);
  let claimed = 0;

  const contentHash = contentReader(breathe);

  const record = (
    type: string,
    name: Buffer,
    stat: Stats,
    own: readonly (string | Buffer)[],
    path: Buffer,
  ): readonly Attribute[] => {
    const fields: (string | Buffer)[] = [
      type,
      name,
      (stat.mode & 0o7777).toString(8),
      `${stat.uid}`,
      `${stat.gid}`,
      ...own,
    ];
    const kept = attributes(path).filter((a) => KEPT_ATTRIBUTES.test(a.name));
    kept.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, value } of kept) fields.push(name, value.toString("hex"));
    for (const field of fields) {
      listing.update(field);
      listing.update("\0");
    }
    listing.update("\n");
    result.entries++;
    return kept;
  };

  const visit = async (path: Buffer, name: Buffer): Promise<void> => {
    const stat = lstatSync(path);
    await breathe();
    if (stat.isDirectory()) {
      record("d", name, stat, [], path);
      result.size += stat.blocks * 512;
      const names = readdirSync(path, { encoding: "buffer" }) as Buffer[];
      names.sort(Buffer.compare);
      for (const child of names) await visit(join(path, child), join(name, child));
      return;
    }
    if (stat.isBlockDevice() || stat.isCharacterDevice() || stat.isSocket()) {
      unlinkSync(path);
      result.dropped++;
      return;
    }
    if (stat.isSymbolicLink()) {
      record("l", name, stat, [readlinkSync(path, { encoding: "buffer" })], path);
      return;
    }
    const inode = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1 ? firstNames.get(inode) : undefined;
    if (first) {
      record("h", name, stat, [first], path);
      return;
    }
    if (stat.nlink > 1) firstNames.set(inode, name);
    result.size += stat.blocks * 512;
    if (stat.isFIFO()) {
      record("p", name, stat, [], path);
      return;
    }
    claimed += stat.size;
    if (claimed > CLAIM_MOST)
      throw new WarrenError(
        "HOSTILE",
        `the image's files claim more than ${CLAIM_MOST} bytes`,
        "do not use it",
      );
    const time = Math.floor(stat.mtimeMs / 1000);
    const content = contentOf?.(stat) ?? (await contentHash(path));
    const kept = record("f", name, stat, [`${stat.size}`, `${time}`, content], path);
    onFile?.({ path, name, stat, content, attributes: kept });
  };

  try {
    await visit(Buffer.from(root), Buffer.from("."));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENAMETOOLONG") throw error;
    throw new WarrenError(
      "HOSTILE",
      "the image has directories nested deeper than a path can name",
      "do not use it",
    );
  }
  result.digest = `sha256:${listing.digest("hex")}`;
  return result;
}

const SLASH = Buffer.from("/");
const join = (a: Buffer, b: Buffer): Buffer => Buffer.concat([a, SLASH, b]);
