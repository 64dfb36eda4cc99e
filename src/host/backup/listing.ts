import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { contentReader, KEPT_ATTRIBUTES } from "../object/index.ts";
import { type Attribute, xattrReader } from "../syscall/xattr.ts";

/** What overlay noted at a directory, which no archive carries by itself; `path` from the tree's top, a character a byte. */
export interface OverlayNote {
  path: string;
  name: "opaque" | "redirect";
  value: string;
}

/** A container's own files, told so that two trees can be compared. */
export interface Listing {
  /** `sha256:` over all entries. */
  digest: string;
  /** Each entry's description by its path, a character a byte; names of one file refer to the first of them. */
  entries: Map<string, string>;
  overlay: OverlayNote[];
}

/** How one tree becomes another. */
export interface Changes {
  /** What must go first; what is below goes with it. */
  removed: string[];
  /** What is new or different, parents before what they hold; all of it files, directories and links. */
  changed: string[];
  /** The same of overlay's marks for what was deleted below. */
  whiteouts: string[];
}

const WHITEOUT = "w";
const OVERLAY = /^trusted\.overlay\.(opaque|redirect)$/;

/**
 * Lists a tree that nobody writes to. Left out: what no export carries (sockets, device nodes except overlay's marks) and what
 * moves by itself (times of directories and links).
 */
export async function listTree(top: string, breathe: () => Promise<void> | undefined): Promise<Listing> {
  const attributesOf = xattrReader();
  const contentOf = contentReader(breathe);
  const hasher = new Bun.CryptoHasher("sha256");
  const firsts = new Map<bigint, string>();
  const listing: Listing = { digest: "", entries: new Map(), overlay: [] };

  const own = async (at: Buffer, path: string, stat: BigIntStats): Promise<string[] | null> => {
    if (stat.isDirectory()) return ["d"];
    if (stat.isSymbolicLink()) return ["l", readlinkSync(at, { encoding: "buffer" }).toString("latin1")];
    if (stat.isCharacterDevice() && stat.rdev === 0n) return [WHITEOUT];
    if (stat.isFIFO()) return ["p"];
    if (!stat.isFile()) return null;
    const first = stat.nlink > 1n ? firsts.get(stat.ino) : undefined;
    if (first !== undefined) return ["h", first];
    firsts.set(stat.ino, path);
    return ["f", `${stat.size}`, `${stat.mtimeNs}`, await contentOf(at)];
  };

  const describe = async (at: Buffer, path: string, stat: BigIntStats): Promise<void> => {
    const fields = await own(at, path, stat);
    if (fields === null) return;
    // Overlay makes its marks with its own owner; nothing looks at that.
    if (fields[0] !== WHITEOUT)
      fields.push((Number(stat.mode) & 0o7777).toString(8), `${stat.uid}`, `${stat.gid}`);
    const kept = attributesOf(at).filter((a) => KEPT_ATTRIBUTES.test(a.name) || OVERLAY.test(a.name));
    for (const { name, value } of kept.sort(byName)) {
      fields.push(name, value.toString("hex"));
      const note = OVERLAY.exec(name)?.[1] as OverlayNote["name"] | undefined;
      if (note) listing.overlay.push({ path, name: note, value: value.toString("latin1") });
    }
    const text = fields.join("\0");
    listing.entries.set(path, text);
    hasher.update(Buffer.from(`${path}\0${text}\0\n`, "latin1"));
  };

  const visit = async (at: Buffer, path: string): Promise<void> => {
    const pause = breathe();
    if (pause) await pause;
    const stat = lstatSync(at, { bigint: true });
    await describe(at, path, stat);
    if (!stat.isDirectory()) return;
    const names = readdirSync(at, { encoding: "buffer" }) as Buffer[];
    for (const name of names.sort(Buffer.compare)) {
      const below = `${path}/${name.toString("latin1")}`;
      await visit(Buffer.concat([at, Buffer.from("/"), name]), below);
    }
  };

  try {
    await visit(Buffer.from(top), ".");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENAMETOOLONG") throw error;
    throw new WarrenError(
      "REFUSED",
      `${top} has directories nested deeper than a path can name`,
      "move them up",
    );
  }
  listing.digest = `sha256:${hasher.digest("hex")}`;
  return listing;
}

const byName = (a: Attribute, b: Attribute): number => (a.name < b.name ? -1 : 1);
const typeOf = (text: string | undefined): string => (text?.[0] === "h" ? "f" : (text?.[0] ?? ""));

const NOTHING: Pick<Listing, "entries"> = { entries: new Map() };

/** What has to be done to the tree of one listing, an empty one unless given, so that it becomes that of the other. Pure. */
export function changesBetween(from: Pick<Listing, "entries"> | null, to: Pick<Listing, "entries">): Changes {
  return changes(from ?? NOTHING, to);
}

function changes(from: Pick<Listing, "entries">, to: Pick<Listing, "entries">): Changes {
  const removed: string[] = [];
  for (const [path, text] of from.entries) {
    const last = removed.at(-1);
    // In the order of a walk, so that a directory comes right before all that goes with it.
    if (last !== undefined && path.startsWith(`${last}/`)) continue;
    if (typeOf(to.entries.get(path)) !== typeOf(text)) removed.push(path);
  }
  const differs = new Set(
    [...to.entries].filter(([path, text]) => from.entries.get(path) !== text).map(([p]) => p),
  );
  // Names of one file are one thing: when one is replaced the others must follow.
  const groups = new Map<string, string[]>();
  for (const [path, text] of to.entries)
    if (text.startsWith("h\0")) {
      const first = text.split("\0")[1]!;
      groups.set(first, [...(groups.get(first) ?? [first]), path]);
    }
  for (const names of groups.values())
    if (names.some((name) => differs.has(name))) for (const name of names) differs.add(name);
  const [changed, whiteouts]: [string[], string[]] = [[], []];
  for (const [path, text] of to.entries)
    if (differs.has(path)) (text === WHITEOUT ? whiteouts : changed).push(path);
  return { removed, changed, whiteouts };
}
