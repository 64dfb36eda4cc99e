import { mkdirSync, rmdirSync } from "node:fs";
import { copyTree } from "../host/clone/index.ts";
import { makeAnonymous, type Place } from "../host/image/index.ts";
import { mountMerged, unmountRoot } from "../host/overlay/index.ts";
import { newAlias } from "../plan/image.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageRecord } from "../spec/image.ts";
import { snapshotPlace } from "../spec/snapshot.ts";
import { type Context, lockOf, record } from "./context.ts";
import type { Made } from "./image-source.ts";
import type { Engine } from "./index.ts";
import type { Work } from "./operation.ts";
import { snapshotOf } from "./snapshot-record.ts";

/** What becomes an image: the layers that show a container's files, the topmost first. */
interface Source {
  layers: string[];
  base: ImageRecord;
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
    const [files, layer] = s ? [c.paths.snapshot(s.id), s.id] : [c.paths.data(r.uuid), r.uuid];
    return { base, layers: [`${files}/upper`, ...c.lowers.of(layer), c.images.rootfs(base.digest)] };
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
        const { layers, base } = sourceOf(from);
        let keys = 0;
        const make = async (place: Place): Promise<Made> => {
          const root = await merged(layers, place, work);
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

/** Copies what the layers show together into a place where images are made. */
async function merged(layers: readonly string[], place: Place, work: Work): Promise<string> {
  const [view, root] = [`${place.path}/view`, `${place.path}/rootfs`];
  work.progress("copying files");
  mkdirSync(view);
  mountMerged(layers, view);
  try {
    await copyTree(view, root, work.signal);
  } finally {
    unmountRoot(view);
    rmdirSync(view);
  }
  return root;
}
