import { forget } from "../host/download/index.ts";
import { type Shelf, shelf } from "../host/image/index.ts";
import { openObjects } from "../host/object/index.ts";
import { findImage, hexOf, newAlias, parseRef } from "../plan/image.ts";
import { buildable, wantedImage } from "../plan/recipe.ts";
import { noSource, pulledImage } from "../plan/source.ts";
import type { ImageSources } from "../spec/config.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImagePruned, ImageRecord, ImageSummary } from "../spec/image.ts";
import type { Instance } from "../spec/instance.ts";
import { printable } from "../spec/name.ts";
import type { Store } from "../store/index.ts";
import type { Events } from "./event.ts";
import { collectGarbage } from "./garbage.ts";
import { checkImages } from "./image-check.ts";
import { exportImage } from "./image-export.ts";
import { createImageMaker, type ImageMaker } from "./image-make.ts";
import { createImageSizes } from "./image-size.ts";
import type { Engine } from "./index.ts";
import type { Operations, Work } from "./operation.ts";
import { snapshotsFrom } from "./snapshot-record.ts";

export interface ImageDeps {
  store: Store;
  instance: Instance;
  operations: Operations;
  events: Events;
  /** Where images are fetched from. */
  sources: ImageSources;
}

export type Images = Omit<Engine["images"], "publish"> & {
  /** Makes an image of the tree that `make` leaves in the place it is given. */
  take: ImageMaker["take"];
  /** Takes away an image that nobody came to use; nothing when there is none. */
  forget(digest: string): Promise<void>;
  /** Throws EXISTS when an image has that alias. */
  requireFree(alias: string): void;
  /** The record `ref` means. Throws NO_IMAGE, BAD_NAME. */
  resolve(ref: string): ImageRecord;
  /** The same, but what can be built or fetched and isn't there is made first, within `work`. */
  ensure(ref: string, work: Pick<Work, "signal" | "progress">): Promise<ImageRecord>;
  /** Whether `ensure` has a way to it. Throws NO_IMAGE, BAD_NAME where it has none. */
  expect(ref: string): void;
  /** The directory of an image's tree. */
  rootfs(digest: string): string;
  /** At start: removes what an earlier daemon left unfinished, trees without records, records without trees. */
  recover(): Promise<void>;
};

/**
 * Images: made, named, given out, removed.
 *
 * What must hold: a record is there only while its whole tree is; an alias means one image; an image that a container
 * is made from stays. Whoever makes a container from an image inserts its record in the same tick as `resolve`
 * or `ensure` gave it, so that a deletion cannot come between.
 */
export function createImages(deps: ImageDeps): Images {
  const { store, instance, operations, events, sources } = deps;
  const trees = shelf(instance.state);
  const objects = openObjects(`${instance.state}/images`);
  const maker = createImageMaker({ store, events, trees, objects, sources });

  const containersOf = (digest: string): string[] =>
    store.containers
      .list()
      .filter((c) => c.image === digest)
      .map((c) => c.name)
      .sort();

  /** Containers, and snapshots that outlived a change of their container's image, need it. */
  const usersOf = (digest: string): string[] => [...containersOf(digest), ...snapshotsFrom(store, digest)];

  const summary = ({ version: _, initCommand: __, ...rest }: ImageRecord): ImageSummary => ({
    ...rest,
    containers: containersOf(rest.digest),
  });

  /** What `ref` means as something to make. */
  const obtainable = (ref: string) => wantedImage(ref) ?? pulledImage(ref, Object.keys(sources.imageServers));

  const removeNow = async ({ digest, aliases }: ImageRecord): Promise<void> => {
    // The record first: a tree without one is rubbish that `recover` knows, the other way round a trap.
    store.images.delete(digest);
    events.emit({ type: "image-deleted", image: digest, details: { aliases } });
    await trees.remove(hexOf(digest));
  };

  const resolve = (ref: string): ImageRecord => {
    const found = findImage(parseRef(ref), store.images.list());
    if (found) return found;
    const fix = wantedImage(ref)
      ? `make it with \`warren image build ${ref}\`, or see \`warren image list\``
      : `see \`warren image list\`, or \`warren image build\` ${buildable().join(", ")}`;
    throw new WarrenError("NO_IMAGE", `there is no image "${printable(ref)}"`, fix);
  };

  return {
    resolve,
    take: maker.take,
    async forget(digest) {
      if (usersOf(digest).length > 0) return;
      store.images.delete(digest);
      await trees.remove(hexOf(digest));
    },
    requireFree: (alias) => requireFree(store, alias),
    rootfs: (digest) => trees.rootfs(hexOf(digest)),
    list: () =>
      store.images
        .list()
        .map(summary)
        .sort((a, b) => ((a.aliases[0] ?? a.digest) < (b.aliases[0] ?? b.digest) ? -1 : 1)),
    info: (ref) => summary(resolve(ref)),
    ensure: async (ref, work) => {
      const there = findImage(parseRef(ref), store.images.list());
      if (there) return there;
      const wanted = obtainable(ref);
      return wanted ? maker.make(wanted, wanted.alias, work) : resolve(ref);
    },
    expect: (ref) => void (obtainable(ref) ?? resolve(ref)),
    pull({ source, alias, force = false }) {
      const wanted = pulledImage(source, Object.keys(sources.imageServers));
      if (!wanted) throw noSource(source, Object.keys(sources.imageServers));
      const name = alias === undefined ? wanted.alias : newAlias(alias);
      if (!force) requireFree(store, name);
      return operations.submit({
        kind: "image.pull",
        targets: [name],
        locks: [`image:${name}`],
        async run(work) {
          if (!force) requireFree(store, name);
          return summary(await maker.make(wanted, name, work, force));
        },
      });
    },
    build({ recipe, init, alias, force = false }) {
      const wanted = wantedImage(recipe, init);
      if (!wanted)
        throw new WarrenError(
          "NO_IMAGE",
          `there is no recipe "${printable(recipe)}"`,
          `use ${buildable().join(", ")}`,
        );
      const name = alias === undefined ? wanted.alias : newAlias(alias);
      if (!force) requireFree(store, name);
      return operations.submit({
        kind: "image.build",
        targets: [name],
        locks: [`image:${name}`],
        async run(work) {
          if (!force) requireFree(store, name);
          return summary(await maker.make(wanted, name, work, force));
        },
      });
    },
    import({ alias, body, size }) {
      const name = alias === undefined ? undefined : newAlias(alias);
      if (name) requireFree(store, name);
      return operations.submit({
        kind: "image.import",
        targets: name ? [name] : [],
        locks: name ? [`image:${name}`] : [],
        async run(work) {
          if (name) requireFree(store, name);
          return summary(await maker.import(body, { alias: name, size }, work));
        },
      });
    },
    export: async (ref, compression, signal) => exportImage(resolve(ref), trees, compression, signal),
    setAliases(ref, aliases) {
      const { digest } = resolve(ref);
      const names = [...new Set(aliases.map(newAlias))];
      for (const name of names) requireFree(store, name, digest);
      return summary(store.images.update(digest, (old) => ({ ...old, aliases: names })));
    },
    delete(ref) {
      const { digest, aliases } = resolve(ref);
      requireUnused(ref, usersOf(digest));
      return operations.submit({
        kind: "image.delete",
        targets: [ref],
        locks: [`image:${digest}`, ...aliases.map((a) => `image:${a}`)],
        async run() {
          const present = resolve(digest);
          requireUnused(ref, usersOf(digest));
          await removeNow(present);
          const { bytes } = await collectGarbage(objects);
          return { digest, freed: bytes };
        },
      });
    },
    measure: createImageSizes(trees),
    prune: ({ all = false }) =>
      operations.submit({
        kind: "image.prune",
        targets: [],
        locks: ["images"],
        async run(work): Promise<ImagePruned> {
          const unused = all ? store.images.list().filter(({ digest }) => usersOf(digest).length === 0) : [];
          const gone: string[] = [];
          for (const { digest } of unused) {
            const present = store.images.get(digest);
            // Looked at again: deleting the one before took its time.
            if (!present || usersOf(digest).length > 0) continue;
            work.progress(
              `deleting ${present.aliases[0] ?? digest.slice(0, 19)}`,
              gone.length,
              unused.length,
            );
            gone.push(present.aliases[0] ?? digest);
            await removeNow(present);
          }
          const { objects: count, bytes } = await collectGarbage(objects, work.signal);
          return { images: gone, objects: count, freed: bytes };
        },
      }),
    check: ({ repair = false }) =>
      operations.submit({
        kind: "image.check",
        targets: [],
        locks: ["images"],
        run: (work) =>
          checkImages({ store, trees, objects, lowers: `${instance.state}/images/lowers` }, repair, work),
      }),
    recover: () => recover(store, trees),
  };
}

function requireFree(store: Store, alias: string, except?: string): void {
  const holder = store.images.list().find((i) => i.aliases.includes(alias));
  if (!holder || holder.digest === except) return;
  throw new WarrenError(
    "EXISTS",
    `the image "${alias}" exists already (${holder.digest.slice(0, 19)}, of ${holder.created})`,
    "use --force to make it anew, choose another alias, or delete it first",
    { digest: holder.digest },
  );
}

function requireUnused(ref: string, containers: string[]): void {
  if (containers.length === 0) return;
  const shown =
    containers.length > 5
      ? `${containers.slice(0, 5).join(", ")} and ${containers.length - 5} more`
      : containers.join(", ");
  throw new WarrenError(
    "IN_USE",
    `the image "${printable(ref)}" is used by ${shown}`,
    "delete them first; `warren image alias IMAGE NAME --remove` takes only a name away",
    {
      containers,
    },
  );
}

async function recover(store: Store, trees: Shelf): Promise<void> {
  const present = new Set(trees.list());
  for (const { digest } of store.images.list()) {
    if (!present.delete(hexOf(digest))) store.images.delete(digest);
  }
  for (const hex of present) await trees.remove(hex);
  await trees.clean();
  forget(trees.downloads, DOWNLOADS_KEPT);
}

/** Milliseconds that a broken download is kept to be gone on with: a day. */
const DOWNLOADS_KEPT = 86_400_000;
