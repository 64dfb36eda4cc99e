import { chmod, mkdir } from "node:fs/promises";
import { run } from "../host/exec/index.ts";
import { findInit, findRoot, type Place, type Shelf, takeInventory } from "../host/image/index.ts";
import type { Objects } from "../host/object/index.ts";
import { openLayout } from "../host/oci/index.ts";
import { extract } from "../host/tar/index.ts";
import { hexOf, imageDigest } from "../plan/image.ts";
import { initOf, requireRunnable } from "../plan/init.ts";
import type { Wanted } from "../plan/recipe.ts";
import type { Pulled } from "../plan/source.ts";
import { isOpenvz, templateWarnings } from "../plan/template.ts";
import type { ImageSources } from "../spec/config.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageRecord } from "../spec/image.ts";
import type { Store } from "../store/index.ts";
import type { Events } from "./event.ts";
import { readApp } from "./image-export.ts";
import { treeFacts } from "./image-facts.ts";
import { flatten } from "./image-layers.ts";
import { PLATFORM, pullTree } from "./image-pull.ts";
import { type Made, makeTree } from "./image-source.ts";
import { spaceAt } from "./image-space.ts";
import type { Work } from "./operation.ts";
import { unifier } from "./unify.ts";

type Doing = Pick<Work, "signal" | "progress">;

export interface ImageMaker {
  /**
   * Builds an image and gives it `alias`. Who asks for one that is just being built waits for that one; `force` builds
   * even when there is one.
   */
  make(wanted: Wanted | Pulled, alias: string, work: Doing, force?: boolean): Promise<ImageRecord>;
  /** Makes an image of the tree that `make` leaves in the place it is given. */
  take(make: (place: Place) => Promise<Made>, alias: string | undefined, work: Doing): Promise<ImageRecord>;
  /** Makes an image of an archive. */
  import(
    body: ReadableStream<Uint8Array>,
    o: { alias: string | undefined; size: number | undefined },
    work: Doing,
  ): Promise<ImageRecord>;
}

export function createImageMaker(deps: {
  store: Store;
  events: Events;
  trees: Shelf;
  objects: Objects;
  sources: ImageSources;
}): ImageMaker {
  const { store, events, trees, objects, sources } = deps;
  const underWay = new Map<string, Promise<ImageRecord>>();
  const named = (alias: string) => store.images.list().find((i) => i.aliases.includes(alias));

  /** Hashes what was made, puts it on the shelf and writes its record. */
  const admit = async (
    place: Place,
    made: Made,
    alias: string | undefined,
    work: Doing,
  ): Promise<ImageRecord> => {
    work.progress("hashing", 0, 0, "bytes");
    const init = initOf(findInit(made.root), made);
    requireRunnable(init.architecture);
    const sync = () => run(["sync", "--file-system", made.root], { timeout: 600_000, signal: work.signal });
    // What is new is written while the rest is read; of what is there already most never needs to be.
    let early: Promise<unknown> | undefined;
    const unify = unifier(objects, work.signal, () => {
      early = sync().catch(() => undefined);
    });
    const { digest: tree, size } = await takeInventory(made.root, {
      signal: work.signal,
      onFile: unify.file,
    });
    const digest = imageDigest(tree, init.app);
    work.progress("sharing files");
    await unify.join();
    work.progress("writing to disk");
    await early;
    await sync();
    await unify.contribute();
    await unify.mend(trees.rootfs(hexOf(digest)));
    const record: ImageRecord = {
      digest,
      aliases: alias === undefined ? [] : [alias],
      size,
      created: new Date().toISOString(),
      architecture: init.architecture,
      init: init.kind,
      initCommand: init.command,
      description: made.description,
      source: made.source,
      ...(init.app ? { app: init.app } : {}),
      ...(made.warnings?.length ? { warnings: made.warnings } : {}),
      version: 1,
    };
    // From here to the end in one tick: no one sees a tree without its record or an alias that means two.
    place.publish(made.root, hexOf(digest));
    const saved = store.transaction(() => {
      for (const other of store.images.list())
        if (alias !== undefined && other.digest !== digest && other.aliases.includes(alias))
          store.images.update(other.digest, (o) => ({ ...o, aliases: o.aliases.filter((a) => a !== alias) }));
      const known = store.images.get(digest);
      if (!known) {
        store.images.insert(digest, record);
        return record;
      }
      const aliases = [...new Set([...known.aliases, ...record.aliases])];
      return store.images.update(digest, (old) => ({ ...old, aliases }));
    });
    events.emit({
      type: "image-added",
      image: digest,
      details: { aliases: saved.aliases, source: record.source },
    });
    return saved;
  };

  const inPlace = async <T>(work: (place: Place) => Promise<T>): Promise<T> => {
    const place = trees.open();
    try {
      return await work(place);
    } finally {
      await place.leave();
    }
  };

  const makeNow = (wanted: Wanted | Pulled, alias: string, work: Doing): Promise<ImageRecord> =>
    inPlace(async (place) => {
      const root = `${place.path}/rootfs`;
      await makeRoot(root);
      const at = { root, scratch: `${place.path}/scratch`, downloads: trees.downloads };
      const made = isPulled(wanted)
        ? await pullTree(wanted, at, sources, work)
        : await makeTree(wanted, at, work);
      return admit(place, made, alias, work);
    });

  return {
    async make(wanted, alias, work, force = false) {
      for (let anew = force; ; ) {
        const running = underWay.get(alias);
        if (!running) {
          const there = anew ? undefined : named(alias);
          if (there) return there;
          const making = makeNow(wanted, alias, work).finally(() => underWay.delete(alias));
          underWay.set(alias, making);
          return making;
        }
        work.progress(`waiting for the image ${alias}`);
        await settled(running, work.signal);
        anew = false;
      }
    },
    take: (make, alias, work) => inPlace(async (place) => admit(place, await make(place), alias, work)),
    import: (body, { alias, size }, work) =>
      inPlace(async (place) => {
        const into = `${place.path}/unpacked`;
        await makeRoot(into);
        const { devices } = await extract(body, {
          into,
          at: `${place.path}/shifted`,
          ...spaceAt(place.path),
          signal: work.signal,
          progress: (bytes) => work.progress("unpacking", bytes, size ?? 0, "bytes"),
        });
        const source = `import:${alias ?? "archive"}`;
        using layout = openLayout(into, PLATFORM);
        if (layout) {
          const [root, scratch] = [`${place.path}/rootfs`, `${place.path}/scratch`];
          await makeRoot(root);
          await mkdir(scratch);
          const flat = await flatten(layout, { root, scratch }, false, work);
          return admit(
            place,
            { root, description: "imported from an OCI image", source, ...flat },
            alias,
            work,
          );
        }
        const { root, description } = findRoot(into);
        const facts = treeFacts(root);
        const left = devices ? `, ${devices} device nodes left out` : "";
        const made = {
          root,
          description: description || `${facts.title || "imported"}${left}`,
          source: isOpenvz(facts) ? source.replace("import:", "openvz:") : source,
          warnings: templateWarnings(facts),
          ...(root === into ? {} : readApp(into)),
        };
        return admit(place, made, alias, work);
      }),
  };
}

/** A tree's top directory: the guest's `/`, open to its users whatever the daemon's umask is. */
async function makeRoot(path: string): Promise<void> {
  await mkdir(path);
  await chmod(path, 0o755);
}

/** Resolves when `running` ended, in whatever way, except that its own fault is also that of those who waited. */
async function settled(running: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const cancelled = Promise.withResolvers<never>();
  const onAbort = () => cancelled.reject(new WarrenError("CANCELLED", "waiting for the image was cancelled"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([running, cancelled.promise]);
  } catch (error) {
    // Another's cancellation is not ours: we go on and build it ourselves.
    if (signal.aborted || !(error instanceof WarrenError) || error.code !== "CANCELLED") throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const isPulled = (wanted: Wanted | Pulled): wanted is Pulled =>
  wanted.kind === "registry" || wanted.kind === "server";
