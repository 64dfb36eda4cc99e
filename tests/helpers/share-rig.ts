/** Containers that are only layers: overlay mounted by hand over directories in a place of their own, and shared by the engine. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../src/engine/context.ts";
import { type Lowers, type Objects, openLowers, openObjects } from "../../src/host/object/index.ts";
import { overlayOptions } from "../../src/host/overlay/text.ts";
import { mount, unmount } from "../../src/host/syscall/index.ts";
import { setTimes } from "../../src/host/syscall/times.ts";
import { setAttribute, xattrReader } from "../../src/host/syscall/xattr.ts";
import type { ContainerRecord } from "../../src/spec/container.ts";
import { containerOf } from "./images.ts";

export interface ShareRig extends Disposable {
  dir: string;
  image: string;
  objects: Objects;
  lowers: Lowers;
  /** What sharing asks of the engine. */
  context: Context;
  records: ContainerRecord[];
  /** Does `work` with a container's files as its guest sees them. */
  inside<T>(record: ContainerRecord, work: (root: string) => T): T;
}

/** A rig in `dir`, or in a new directory that is gone afterwards. */
export function shareRig(count: number, dir = mkdtempSync(join(tmpdir(), "warren-share-"))): ShareRig {
  const [images, containers, image] = [`${dir}/images`, `${dir}/containers`, `${dir}/images/base/rootfs`];
  for (const path of [`${images}/tmp`, containers, image, `${dir}/mnt`]) mkdirSync(path, { recursive: true });
  const records = Array.from({ length: count }, (_, i) => ({
    ...containerOf("base", `c${i}`),
    uuid: `u${i}`,
    slot: i,
  }));
  for (const { uuid } of records)
    for (const part of ["upper", "work"]) mkdirSync(`${containers}/${uuid}/${part}`, { recursive: true });
  const [objects, lowers] = [openObjects(images), openLowers(images, `${dir}/trash`)];
  const context = {
    paths: { images, data: (uuid: string) => `${containers}/${uuid}` },
    images: { rootfs: () => image },
    store: { containers: { list: () => records } },
    events: { emit: () => undefined },
    objects,
    lowers,
  } as unknown as Context;
  return {
    dir,
    image,
    objects,
    lowers,
    context,
    records,
    inside({ uuid }, work) {
      const data = `${containers}/${uuid}`;
      const layers = [...lowers.of(uuid), image];
      mount("overlay", `${dir}/mnt`, "overlay", 0, overlayOptions(layers, `${data}/upper`, `${data}/work`));
      try {
        return work(`${dir}/mnt`);
      } finally {
        unmount(`${dir}/mnt`);
      }
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Everything a guest can tell of its files, one line each; inodes only by which paths are one file. */
export function seen(root: string): string[] {
  const attributes = xattrReader();
  const first = new Map<bigint, string>();
  const visit = (path: string): string[] => {
    const at = `${root}/${path}`;
    const stat = lstatSync(at, { bigint: true });
    const kind = stat.mode.toString(8);
    const xattrs = attributes(Buffer.from(at)).map(({ name, value }) => `${name}=${value.toString("hex")}`);
    const line = [path, kind, stat.uid, stat.gid, ...xattrs.sort()];
    if (stat.isSymbolicLink()) return [[...line, readlinkSync(at)].join(" ")];
    if (stat.isDirectory()) {
      const below = readdirSync(at).sort();
      return [[...line, stat.mtimeNs].join(" "), ...below.flatMap((name) => visit(`${path}/${name}`))];
    }
    const one = first.get(stat.ino) ?? path;
    first.set(stat.ino, one);
    const content = stat.isFile() ? Bun.hash(readFileSync(at)).toString(16) : "";
    return [[...line, stat.mtimeNs, stat.size, content, one].join(" ")];
  };
  return readdirSync(root)
    .sort()
    .flatMap((name) => visit(name));
}

/** Changes files below `root` as packages and people do; the same for the same `random`. */
export function change(root: string, random: () => number, steps: number): void {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const parts = ["usr", "usr/lib", "usr/lib/a", "usr/lib/a/b", "usr/share", "opt", "opt/x", "etc", "var"];
  const path = (): string => `${root}/${pick(parts)}/${pick(["f", "g", "h", "dir", "dir/k", "dir/dir"])}`;
  const settled = (at: string): void => {
    const time = 1_600_000_000_123_456_789n + BigInt(Math.floor(random() * 5)) * 1_000_000_007n;
    setTimes(Buffer.from(at), { atimeNs: time, mtimeNs: time });
  };
  const there = (at: string): boolean => lstatSync(at, { throwIfNoEntry: false }) !== undefined;
  const write = (at: string): void => {
    writeFileSync(at, "x".repeat(1 + Math.floor(random() * 3) * 5000));
    chmodSync(at, pick([0o644, 0o755, 0o4755]));
    if (random() < 0.2) setAttribute(Buffer.from(at), { name: "user.note", value: Buffer.from("n") });
    settled(at);
  };
  // No link leads out of the tree: what follows one here is the host's own.
  const acts: ((at: string) => unknown)[] = [
    write,
    write,
    write,
    (at) => mkdirSync(at),
    (at) => symlinkSync(pick(["f", "nowhere"]), at),
    (at) => rmSync(at, { recursive: true }),
    (at) => {
      rmSync(at, { recursive: true });
      mkdirSync(at);
    },
    (at) => linkSync(at, path()),
    (at) => renameSync(at, path()),
    (at) => lstatSync(at).isSymbolicLink() || chmodSync(at, pick([0o600, 0o755])),
  ];
  for (const part of parts) mkdirSync(`${root}/${part}`, { recursive: true });
  for (let step = 0; step < steps; step++) {
    const [act, at] = [pick(acts), path()];
    try {
      if (act === write && there(at) && !lstatSync(at).isFile()) continue;
      act(at);
      if (existsSync(at) && lstatSync(at).isDirectory()) settled(at);
    } catch (error) {
      // What can't be done, on a path that is not there or a directory that is not empty, is not done.
      if (
        !/^(ENOENT|EEXIST|ENOTDIR|EISDIR|ENOTEMPTY|EXDEV|EPERM|EINVAL|EFAULT|ELOOP)$/.test(
          String((error as { code?: string }).code),
        )
      )
        throw error;
    }
  }
}
