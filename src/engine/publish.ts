import { makeAnonymous, type Place } from "../host/image/index.ts";
import { newAlias } from "../plan/image.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageRecord } from "../spec/image.ts";
import { snapshotPlace } from "../spec/snapshot.ts";
import { type View, viewNow, viewOf } from "./backup-view.ts";
import { type Context, lockOf, record } from "./context.ts";
import type { Made } from "./image-source.ts";
import type { Engine } from "./index.ts";
import { layTree } from "./publish-tree.ts";
import { snapshotOf } from "./snapshot-record.ts";

/** What becomes an image. */
interface Source {
  base: ImageRecord;
  /** The container's own files, in one tree. */
  view(signal: AbortSignal): Promise<View>;
}

/**
 * Makes images of containers that are stopped or frozen, and of snapshots. Equal files are shared with the image they were
 * made from and all others, as with every image. Throws RUNNING, EXISTS, NO_SNAPSHOT.
 */
export function createPublish(c: Context): Engine["images"]["publish"] {
  /** Throws RUNNING for one whose files may change while they are read. */
  function sourceOf(from: string): Source {
    const { name, snapshot } = snapshotPlace(from);
    const r = record(c.store, name);
    const s = snapshot === undefined ? null : snapshotOf(c.store, r, snapshot);
    const live = c.runtime.get(name);
    if (!s && live && !live.frozen)
      throw new WarrenError(
        "RUNNING",
        `${name} runs`,
        `stop or freeze it, or publish a snapshot of it: ${name}/SNAPSHOT`,
      );
    const base = c.images.resolve((s?.of ?? r).image);
    const plain = c.lowers.of(r.uuid).length === 0;
    const own: View = { upper: `${c.paths.data(r.uuid)}/upper`, drop: () => undefined };
    const view: Source["view"] = async (signal) =>
      s ? viewOf(c, r, s, signal) : plain ? own : viewNow(c, r, signal);
    return { base, view };
  }

  return ({ from, alias, force = false, keepSshKeys = false, description }) => {
    const name = newAlias(alias);
    sourceOf(from);
    if (!force) c.images.requireFree(name);
    return c.operations.submit({
      kind: "image.publish",
      targets: [from, name],
      locks: [lockOf(snapshotPlace(from).name), `image:${name}`],
      async run(work) {
        if (!force) c.images.requireFree(name);
        const { view, base } = sourceOf(from);
        let keys = 0;
        const make = async (place: Place): Promise<Made> => {
          const root = `${place.path}/rootfs`;
          const { upper, drop } = await view(work.signal);
          try {
            await layTree(upper, c.images.rootfs(base.digest), root, work);
          } finally {
            drop();
          }
          keys = makeAnonymous(root, { keepSshKeys });
          return {
            root,
            description: description ?? `${base.description}, as ${from}`,
            source: `publish:${from}`,
            ...(base.app ? { app: base.app, architecture: base.architecture } : {}),
          };
        };
        const { digest } = await c.images.take(make, name, work);
        return { ...c.images.info(digest), sshKeysLeftOut: keys };
      },
    });
  };
}
