import type { BigIntStats } from "node:fs";
import {
  breather,
  contentReader,
  type Entry,
  KEPT_ATTRIBUTES,
  keyOf,
  noteReader,
  type StoredObject,
  walk,
} from "../host/object/index.ts";
import { type Attribute, xattrReader } from "../host/syscall/xattr.ts";
import { mayHold, mayShare } from "../plan/share.ts";
import type { ContainerRecord } from "../spec/container.ts";
import type { Context } from "./context.ts";

type Breathe = () => Promise<void> | undefined;

/** What files are there in more than one place, as far as size, time, mode and owner tell; content is not read for it. */
export interface Survey {
  isLike(stat: BigIntStats): boolean;
}

/** A file of a container that others have too, or will. */
export interface Finding {
  path: string;
  stat: BigIntStats;
  attributes: Attribute[];
  key: string;
  bytes: number;
  /** Directories above it that let nothing from below show through. */
  covers: readonly string[];
}

/** Attributes of a file that are gone with it when it leaves the upper, and that no guest sees. */
const DROPPED_ATTRIBUTES = /^(trusted\.overlay\.origin|security\.selinux)$/;

const traitsOf = ({ size, mtimeNs, mode, uid, gid }: BigIntStats): string =>
  `${size} ${mtimeNs} ${mode} ${uid} ${gid}`;

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

export const upperOf = (c: Pick<Context, "paths">, r: ContainerRecord): string =>
  `${c.paths.data(r.uuid)}/upper`;

const isCandidate = ({ path, stat }: Entry): boolean =>
  stat.isFile() &&
  mayShare({
    path,
    size: Number(stat.size),
    blocks: Number(stat.blocks),
    links: Number(stat.nlink),
  });

/** Only directories at the top that can hold files to share, and below them those that `and` accepts. */
const worthwhile =
  (and: (directory: Entry) => boolean = () => true) =>
  (directory: Entry): boolean =>
    (directory.path.includes("/") || mayHold(directory.path)) && and(directory);

/** Looks at every container's own files, whether it runs or not, and at all objects. */
export async function survey(c: Context, signal?: AbortSignal): Promise<Survey> {
  const breathe = breather("looking for equal files", signal);
  const MANY = -1;
  const holders = new Map<string, number>();
  for (const slice of c.objects.slices()) {
    for (const { stat } of slice) holders.set(traitsOf(stat), MANY);
    await breathe();
  }
  for (const r of c.store.containers.list().filter(({ phase }) => phase === "ready"))
    await walk(
      upperOf(c, r),
      {
        enter: worthwhile(),
        visit(entry) {
          if (!isCandidate(entry)) return;
          const traits = traitsOf(entry.stat);
          const holder = holders.get(traits);
          if (holder === undefined) holders.set(traits, r.slot);
          else if (holder !== r.slot) holders.set(traits, MANY);
        },
      },
      breathe,
    );
  return { isLike: (stat) => holders.get(traitsOf(stat)) === MANY };
}

/**
 * Finds what a container could share, and what it would be known by. Directories that show another one of the layers below
 * are left alone, for only overlay itself can follow that.
 */
export async function find(
  c: Context,
  r: ContainerRecord,
  likes: Survey,
  breathe: Breathe,
): Promise<Finding[]> {
  const [notes, attributesOf, contentOf] = [noteReader(), xattrReader(), contentReader(breathe)];
  const covers = new Map<string, readonly string[]>();
  const plain = ({ at, path }: Entry): boolean => {
    const { opaque, redirect } = notes(at);
    const above = covers.get(parentOf(path)) ?? [];
    covers.set(path, opaque ? [...above, path] : above);
    return redirect === null;
  };
  const found: Finding[] = [];
  const visit = async (entry: Entry): Promise<void> => {
    const { path, at, stat } = entry;
    if (!isCandidate(entry) || !likes.isLike(stat)) return;
    const attributes = attributesOf(at);
    const isKnown = ({ name }: Attribute) => KEPT_ATTRIBUTES.test(name) || DROPPED_ATTRIBUTES.test(name);
    if (!attributes.every(isKnown)) return;
    const key = keyOf(await contentOf(at), stat, attributes);
    const bytes = Number(stat.blocks) * 512;
    found.push({ path, stat, attributes, key, bytes, covers: covers.get(parentOf(path)) ?? [] });
  };
  await walk(upperOf(c, r), { enter: worthwhile(plain), visit }, breathe);
  return found;
}

/** Where a file of the container will be found after it left the upper. */
export type Place =
  /** The image has the very same file there. */
  | { kind: "image" }
  | { kind: "object"; object: StoredObject }
  /** No object yet: it becomes this one. */
  | { kind: "new"; twin: number };

/**
 * Chooses an object for each finding of a container. Two paths of it never get the same inode: a guest would take them for hard
 * links of each other.
 */
export async function placer(
  c: Context,
  r: ContainerRecord,
  breathe: Breathe,
): Promise<(finding: Finding) => Place> {
  const taken = new Set<bigint>();
  const image = new Map<string, bigint>();
  const note = ({ stat }: Entry): boolean => stat.nlink > 1n && taken.add(stat.ino).size > 0;
  const visit = (entry: Entry): void => void (note(entry) && image.set(entry.path, entry.stat.ino));
  await walk(c.images.rootfs(r.image), { enter: worthwhile(), visit }, breathe);
  const notes = noteReader();
  /** Directories in which the image's files are not seen, for the layer above hides them. */
  const covered = new Set<string>();
  const enter = ({ path, at }: Entry): boolean => {
    if (covered.has(parentOf(path)) || notes(at).opaque) covered.add(path);
    return true;
  };
  for (const layer of c.lowers.of(r.uuid)) await walk(layer, { enter, visit: (e) => void note(e) }, breathe);
  const showsImage = ({ path, covers }: Finding): boolean =>
    covers.length === 0 && !covered.has(parentOf(path));
  const planned = new Set<string>();

  return (finding) => {
    const { key, path, stat } = finding;
    const inImage = showsImage(finding) ? image.get(path) : undefined;
    for (let twin = 0; ; twin++) {
      const object = c.objects.find(key, twin);
      if (!object) {
        const name = `${key}.${twin}`;
        if (planned.has(name)) continue;
        planned.add(name);
        return { kind: "new", twin };
      }
      if (object.stat.ino === inImage) return { kind: "image" };
      const isWhole = object.stat.size === stat.size && object.stat.mtimeNs === stat.mtimeNs;
      if (!isWhole || taken.has(object.stat.ino)) continue;
      taken.add(object.stat.ino);
      return { kind: "object", object };
    }
  };
}
