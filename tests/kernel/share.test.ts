/** Sharing of containers' files: what guests see stays as it was, whatever they did before and whenever the daemon was killed. */
import { expect, describe as plainDescribe } from "bun:test";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { find, survey } from "../../src/engine/share-look.ts";
import { journalOf, shareOne, unshareOne } from "../../src/engine/share-move.ts";
import { openPageCache } from "../../src/host/pagecache/index.ts";
import { mount, unmount } from "../../src/host/syscall/index.ts";
import type { ContainerRecord } from "../../src/spec/container.ts";
import { requires } from "../helpers/requires.ts";
import { change, type ShareRig, seen, shareRig } from "../helpers/share-rig.ts";

const { describe, test } = requires("root", "overlay");
const SEED = Number(Bun.env.SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const work = { signal: new AbortController().signal, progress: () => undefined };

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomness(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const views = (rig: ShareRig): string[][] => rig.records.map((r) => rig.inside(r, seen));

async function shareAll(rig: ShareRig): Promise<{ files: number; regained: number }> {
  const likes = await survey(rig.context);
  const sum = { files: 0, regained: 0 };
  for (const r of rig.records) {
    const done = await shareOne(rig.context, r, likes, work);
    sum.files += done.files;
    sum.regained += done.regained;
  }
  return sum;
}

/** Changes that all containers have in common, and some that each has alone. */
function live(rig: ShareRig, seed: number): void {
  for (const [i, r] of rig.records.entries())
    rig.inside(r, (root) => {
      change(root, randomness(seed), 40);
      change(root, randomness(seed + 1 + i), 8);
    });
}

describe(`sharing (SEED=${SEED})`, () => {
  test("random containers see the same before and after, share again after further changes, and have all back", async () => {
    let moved = 0;
    for (let round = 0; round < 12; round++) {
      using rig = shareRig(3);
      change(rig.image, randomness(SEED + round), 60);
      for (let generation = 0; generation < 3; generation++) {
        live(rig, SEED + round * 100 + generation * 10);
        const before = views(rig);
        moved += (await shareAll(rig)).files;
        expect([round, generation, views(rig)]).toEqual([round, generation, before]);
        expect([round, (await shareAll(rig)).files]).toEqual([round, 0]);
        expect([round, generation, views(rig)]).toEqual([round, generation, before]);
      }
      const before = views(rig);
      for (const r of rig.records) {
        await unshareOne(rig.context, r, work);
        expect(rig.lowers.of(r.uuid)).toEqual([]);
      }
      expect([round, views(rig)]).toEqual([round, before]);
    }
    expect(moved).toBeGreaterThan(100);
  }, 300_000);

  test("killed at any moment, nothing is lost or changed, and sharing goes on afterwards", async () => {
    const random = randomness(SEED + 5000);
    let interrupted = 0;
    for (let round = 0; round < 12; round++) {
      const dir = mkdtempSync(join(tmpdir(), "warren-share-"));
      using rig = shareRig(3, dir);
      change(rig.image, randomness(SEED + round), 60);
      live(rig, SEED + 7000 + round);
      const before = views(rig);
      const child = Bun.spawn({
        cmd: [
          process.execPath,
          `${import.meta.dir}/../helpers/half-share.ts`,
          dir,
          "3",
          round % 2 ? "undo" : "share",
        ],
        stdout: "pipe",
        stderr: "inherit",
      });
      await child.stdout.getReader().read();
      await Bun.sleep(random() * 25);
      child.kill("SIGKILL");
      if ((await child.exited) !== 0) interrupted++;
      for (const r of rig.records) journalOf(rig.context, r).end();
      rmSync(`${dir}/images/tmp`, { recursive: true });
      mkdirSync(`${dir}/images/tmp`);
      expect([round, views(rig)]).toEqual([round, before]);
      await shareAll(rig);
      expect([round, views(rig)]).toEqual([round, before]);
    }
    expect(interrupted).toBeGreaterThan(0);
  }, 300_000);
});

describe("what is shared", () => {
  const write = (rig: ShareRig, r: ContainerRecord, path: string, text: string): void =>
    rig.inside(r, (root) => {
      mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      writeFileSync(`${root}/${path}`, text);
      utimesSync(`${root}/${path}`, 1000, 1000);
    });

  test("files of /usr that are alike: one inode for all, and a write stays with the one who writes", async () => {
    using rig = shareRig(3);
    for (const r of rig.records) {
      write(rig, r, "usr/new/tool", "the tool");
      write(rig, r, "etc/conf", "the same");
      write(rig, r, "usr/new/own", "x".repeat(5 + r.slot));
      rig.inside(r, (root) => utimesSync(`${root}/usr/new`, 2000, 2000));
    }
    expect((await shareAll(rig)).files).toBe(3);
    const inodes = rig.records.map((r) => lstatSync(`${rig.lowers.path(r.uuid)}/usr/new/tool`).ino);
    expect(new Set(inodes).size).toBe(1);
    expect(lstatSync(`${rig.lowers.path("u0")}/usr/new/tool`).nlink).toBe(4);
    rig.inside(rig.records[0]!, (root) => writeFileSync(`${root}/usr/new/tool`, "changed!"));
    const texts = rig.records.map((r) =>
      rig.inside(r, (root) => readFileSync(`${root}/usr/new/tool`, "utf8")),
    );
    expect(texts).toEqual(["changed!", "the tool", "the tool"]);
    expect(rig.records.map((r) => rig.inside(r, (root) => readdirSync(`${root}/usr/new`).length))).toEqual([
      2, 2, 2,
    ]);
  });

  test("equal files of one container stay two files to it", async () => {
    using rig = shareRig(2);
    for (const r of rig.records) for (const name of ["a", "b"]) write(rig, r, `usr/lib/${name}`, "equal");
    await shareAll(rig);
    for (const r of rig.records)
      rig.inside(r, (root) => {
        const [a, b] = ["a", "b"].map((name) => lstatSync(`${root}/usr/lib/${name}`).ino);
        expect(a).not.toBe(b);
      });
  });

  test("a directory that hides the image's goes on hiding it, and does so again after an undo", async () => {
    using rig = shareRig(2);
    mkdirSync(`${rig.image}/usr/app`, { recursive: true });
    writeFileSync(`${rig.image}/usr/app/old`, "old");
    for (const r of rig.records) {
      rig.inside(r, (root) => rmSync(`${root}/usr/app`, { recursive: true }));
      write(rig, r, "usr/app/new", "new");
    }
    const names = () => rig.records.map((r) => rig.inside(r, (root) => readdirSync(`${root}/usr/app`)));
    expect((await shareAll(rig)).files).toBe(2);
    expect(names()).toEqual([["new"], ["new"]]);
    rig.inside(rig.records[0]!, (root) => rmSync(`${root}/usr/app/new`));
    await shareAll(rig);
    expect(names()).toEqual([[], ["new"]]);
    for (const r of rig.records) await unshareOne(rig.context, r, work);
    expect(names()).toEqual([[], ["new"]]);
  });

  test("what comes to be as the image has it goes back to the image", async () => {
    using rig = shareRig(1);
    const [r] = rig.records as [ContainerRecord];
    mkdirSync(`${rig.image}/usr/bin`, { recursive: true });
    writeFileSync(`${rig.image}/usr/bin/t`, "tool");
    utimesSync(`${rig.image}/usr/bin/t`, 1000, 1000);
    write(rig, r, "usr/bin/t", "tool");
    // The image's file as an object, as an import makes it.
    write(rig, r, "usr/bin/u", "tool");
    const all = { isLike: () => true };
    const [first] = await find(rig.context, r, all, () => undefined);
    rig.objects.add(first!.key, 0, Buffer.from(`${rig.image}/usr/bin/t`));
    const before = views(rig);
    expect((await shareOne(rig.context, r, all, work)).files).toBe(2);
    expect(views(rig)).toEqual(before);
    expect(readdirSync(`${rig.lowers.path(r.uuid)}/usr/bin`)).toEqual(["u"]);
  });

  test("a full disk: nothing is changed or left, and with space it works", async () => {
    const dir = mkdtempSync(join(tmpdir(), "warren-share-"));
    mount("tmpfs", dir, "tmpfs", 0, "size=7m");
    try {
      const rig = shareRig(3, dir);
      for (const r of rig.records) write(rig, r, "usr/lib/large", "x".repeat(2 << 20));
      const before = views(rig);
      const error = await shareAll(rig).catch((thrown) => thrown);
      expect(error.code).toBe("ENOSPC");
      expect(views(rig)).toEqual(before);
      expect(readdirSync(`${dir}/images/tmp`)).toEqual([]);
      expect([...rig.objects.slices()].flat()).toEqual([]);
      Bun.spawnSync(["mount", "-o", "remount,size=20m", dir]);
      expect((await shareAll(rig)).regained).toBe(4 << 20);
      expect(views(rig)).toEqual(before);
    } finally {
      unmount(dir);
      rmSync(dir, { recursive: true });
    }
  });

  test("a copy of a layer has the same files, and hides what it hid", async () => {
    using rig = shareRig(3);
    const [a, b, fresh] = rig.records as [ContainerRecord, ContainerRecord, ContainerRecord];
    mkdirSync(`${rig.image}/usr/app`, { recursive: true });
    writeFileSync(`${rig.image}/usr/app/old`, "old");
    for (const r of [a, b]) {
      rig.inside(r, (root) => rmSync(`${root}/usr/app`, { recursive: true }));
      write(rig, r, "usr/app/new", "new");
    }
    await shareAll(rig);
    await rig.lowers.copy(a.uuid, fresh.uuid, () => undefined);
    Bun.spawnSync([
      "cp",
      "-aT",
      `${rig.dir}/containers/${a.uuid}/upper`,
      `${rig.dir}/containers/${fresh.uuid}/upper`,
    ]);
    expect(rig.inside(fresh, seen)).toEqual(rig.inside(a, seen));
    expect(lstatSync(`${rig.lowers.path(fresh.uuid)}/usr/app/new`).nlink).toBe(4);
  });
});

plainDescribe("the page cache", () => {
  test("both ways of asking tell the same of a file that was just written", () => {
    const path = join(mkdtempSync(join(tmpdir(), "warren-cache-")), "file");
    writeFileSync(path, new Uint8Array(1 << 20));
    const size = 1 << 20;
    expect(openPageCache(false).cached(Buffer.from(path), size)).toBe(size);
    expect([0, size]).toContain(openPageCache().cached(Buffer.from(path), size));
    expect(openPageCache().cached(Buffer.from(`${path}-none`), size)).toBe(0);
    rmSync(join(path, ".."), { recursive: true });
  });
});
