import { breather, walk } from "../host/object/index.ts";
import { openPageCache, type PageCache } from "../host/pagecache/index.ts";
import { mappedFiles } from "../host/proc/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import type { ContainerShare, MappedFiles, ShareFigures, ShareReport } from "../spec/share.ts";
import type { Context } from "./context.ts";
import { groupOf } from "./copy.ts";
import type { Engine } from "./index.ts";
import { find, placer, type Survey, survey, upperOf } from "./share-look.ts";

type Breathe = () => Promise<void> | undefined;

/** A tree's bytes: all of them, and those of files that other trees hold too. */
interface Measured {
  disk: number;
  diskLinked: number;
  cache: number;
  cacheLinked: number;
}

/** An inode, and what it takes; those that several trees hold are counted once in the sum over all. */
type Once = Map<string, { disk: number; cache: number }>;

/** An object's own name, and one in this tree: with more than these, another tree holds it. */
const OWN_NAMES = 2n;

async function measure(
  tree: string,
  cache: PageCache | null,
  once: Once | null,
  breathe: Breathe,
): Promise<Measured> {
  const sum: Measured = { disk: 0, diskLinked: 0, cache: 0, cacheLinked: 0 };
  await walk(
    tree,
    {
      visit({ at, stat }) {
        const disk = Number(stat.blocks) * 512;
        const cached = stat.isFile() && cache ? cache.cached(at, Number(stat.size)) : 0;
        sum.disk += disk;
        sum.cache += cached;
        if (stat.nlink <= OWN_NAMES) return;
        sum.diskLinked += disk;
        sum.cacheLinked += cached;
        once?.set(`${stat.dev}:${stat.ino}`, { disk, cache: cached });
      },
    },
    breathe,
  );
  return sum;
}

/** Bytes that sharing would free of one container; `planned` has the objects that those before it would have made. */
async function regainable(
  c: Context,
  r: ContainerRecord,
  likes: Survey,
  planned: Set<string>,
  breathe: Breathe,
): Promise<number> {
  const findings = await find(c, r, likes, breathe);
  if (findings.length === 0) return 0;
  const choose = await placer(c, r, breathe);
  let bytes = 0;
  for (const finding of findings) {
    const place = choose(finding);
    const name = place.kind === "new" ? `${finding.key}.${place.twin}` : null;
    if (name === null || planned.has(name)) bytes += finding.bytes;
    else planned.add(name);
  }
  return bytes;
}

function mappedBy(c: Context, name: string): MappedFiles {
  const sum: MappedFiles = { rss: 0, pss: 0 };
  for (const pid of c.cgroups.processes(groupOf(c, name))) {
    const found = mappedFiles(pid);
    sum.rss += found?.rss ?? 0;
    sum.pss += found?.pss ?? 0;
  }
  return sum;
}

/** Measures what is shared: by the inodes' numbers of names, by what the kernel holds of files, by its own accounts of memory. */
export function createReport(c: Context): Engine["share"]["report"] {
  return async (signal): Promise<ShareReport> => {
    const breathe = breather("measuring what is shared", signal);
    const cache = openPageCache();
    const records = c.store.containers.list().filter(({ phase }) => phase === "ready");
    records.sort((a, b) => (a.name < b.name ? -1 : 1));
    const likes = await survey(c, signal);
    const once: Once = new Map();
    const images = new Map<string, Measured & { users: number }>();
    for (const { image } of records) {
      const known = images.get(image);
      if (known) known.users++;
      else {
        const measured = await measure(c.images.rootfs(image), cache, once, breathe);
        images.set(image, { ...measured, users: 1 });
      }
    }

    const planned = new Set<string>();
    const containers: ContainerShare[] = [];
    for (const r of records) {
      const own = await measure(upperOf(c, r), null, null, breathe);
      const figures = { ...own, diskLinked: 0, cacheLinked: 0 };
      for (const layer of c.lowers.of(r.uuid)) {
        const found = await measure(layer, cache, once, breathe);
        figures.disk += found.disk - found.diskLinked;
        figures.diskLinked += found.diskLinked;
        figures.cacheLinked += found.cacheLinked;
      }
      const image = images.get(r.image)!;
      const running = c.runtime.get(r.name) !== undefined;
      containers.push({
        container: r.name,
        image: r.imageAlias,
        running,
        diskShared: figures.diskLinked + (image.users > 1 ? image.disk : image.diskLinked),
        diskPrivate: figures.disk,
        cacheShared: figures.cacheLinked + (image.users > 1 ? image.cache : image.cacheLinked),
        regainable: await regainable(c, r, likes, planned, breathe),
        mapped: running ? mappedBy(c, r.name) : null,
      });
    }
    return { total: total(containers, [...images.values()], once), containers };
  };
}

/** The sum over all: what is private and regainable adds up, what is shared is there once. */
function total(
  containers: readonly ContainerShare[],
  images: readonly (Measured & { users: number })[],
  once: Once,
): ShareReport["total"] {
  const sum = (of: (it: ContainerShare) => number): number => containers.reduce((all, it) => all + of(it), 0);
  const shared: Pick<ShareFigures, "diskShared" | "cacheShared"> = { diskShared: 0, cacheShared: 0 };
  for (const { disk, cache } of once.values()) {
    shared.diskShared += disk;
    shared.cacheShared += cache;
  }
  // Of an image with several containers the rest is shared as well: the files that are in no other tree.
  for (const image of images.filter(({ users }) => users > 1)) {
    shared.diskShared += image.disk - image.diskLinked;
    shared.cacheShared += image.cache - image.cacheLinked;
  }
  return {
    ...shared,
    diskPrivate: sum((it) => it.diskPrivate),
    regainable: sum((it) => it.regainable),
    mapped: { rss: sum((it) => it.mapped?.rss ?? 0), pss: sum((it) => it.mapped?.pss ?? 0) },
  };
}
