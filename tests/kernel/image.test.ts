import { expect } from "bun:test";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { findInit, takeInventory } from "../../src/host/image/index.ts";
import { archive, program, SYSTEM } from "../helpers/archive.ts";
import { containerOf, errorOf, imageRig } from "../helpers/images.ts";
import { requires } from "../helpers/requires.ts";

const { test, describe } = requires("root", "tar", "busybox", "userns", "idmap");
const noWork = { signal: new AbortController().signal, progress: () => undefined };

describe("the built-in image", () => {
  test("has busybox as its init and is the same every time", async () => {
    using rig = imageRig();
    const first = await rig.result(rig.images.build({ recipe: "busybox" }));
    expect(first).toMatchObject({
      aliases: ["busybox"],
      init: "busybox",
      containers: [],
      source: "built-in:busybox",
    });
    const tree = rig.images.rootfs(first.digest);
    expect(readlinkSync(`${tree}/sbin/init`)).toBe("/bin/busybox");
    expect(statSync(`${tree}/bin/busybox`).isFile()).toBe(true);
    const again = await rig.result(rig.images.build({ recipe: "busybox", force: true, alias: "other" }));
    expect(again.digest).toBe(first.digest);
    expect(again.aliases).toEqual(["busybox", "other"]);
  });

  test("has the same modes whatever the daemon's umask is", async () => {
    using rig = imageRig();
    const first = await rig.result(rig.images.build({ recipe: "busybox" }));
    const before = process.umask(0o077);
    try {
      const again = await rig.result(rig.images.build({ recipe: "busybox", alias: "b" }));
      expect(again.digest).toBe(first.digest);
    } finally {
      process.umask(before);
    }
  });

  test("is built when it is asked for, once however many ask", async () => {
    using rig = imageRig();
    const all = await Promise.all(Array.from({ length: 20 }, () => rig.images.ensure("busybox", noWork)));
    expect(new Set(all.map((i) => i.digest)).size).toBe(1);
    expect(rig.store.events.since(0, 100).filter((e) => e.type === "image-added")).toHaveLength(1);
    expect((await errorOf(rig.images.ensure("nothing", noWork))).code).toBe("NO_IMAGE");
  });

  test("is not built over an alias that is taken, unless forced", async () => {
    using rig = imageRig();
    const taken = await rig.take(archive(SYSTEM), "busybox");
    expect(() => rig.images.build({ recipe: "busybox" })).toThrow("exists already");
    const made = await rig.result(rig.images.build({ recipe: "busybox", force: true }));
    expect(rig.images.resolve("busybox").digest).toBe(made.digest);
    expect(rig.images.info(taken.digest).aliases).toEqual([]);
  });
});

describe("export and import", () => {
  for (const compression of ["zstd", "gz", "xz", "none"] as const)
    test(`bring back the same digest (${compression})`, async () => {
      using a = imageRig();
      using b = imageRig();
      const { digest } = await a.result(a.images.build({ recipe: "busybox" }));
      const stream = await a.images.export("busybox", compression, noWork.signal);
      const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
      expect(await b.take(bytes, "back")).toMatchObject({
        digest,
        aliases: ["back"],
        description: expect.stringContaining("BusyBox"),
      });
      expect(readdirSync(`${a.state}/images/tmp`)).toEqual([]);
    });

  test("a plain tree, an LXC tarball and a second import of either are one image", async () => {
    using rig = imageRig();
    const plain = await rig.take(archive([{ name: "./", type: "directory" }, ...SYSTEM]), "plain");
    const unified = await rig.take(
      archive([
        { name: "metadata.yaml", data: "architecture: x86_64\nproperties:\n  description: Mine\n" },
        { name: "templates/", type: "directory" },
        { name: "rootfs/", type: "directory" },
        ...SYSTEM.map((e) => ({ ...e, name: `rootfs/${e.name}` })),
      ]),
      "unified",
    );
    expect(unified.digest).toBe(plain.digest);
    expect(rig.images.list()).toHaveLength(1);
    expect(rig.images.list()[0]?.aliases).toEqual(["plain", "unified"]);
  });

  test("hard links stay links", async () => {
    using rig = imageRig();
    const { digest } = await rig.take(
      archive([
        ...SYSTEM,
        { name: "etc/a", data: "x" },
        { name: "etc/b", type: "hardlink", target: "etc/a" },
      ]),
    );
    const tree = rig.images.rootfs(digest);
    expect(statSync(`${tree}/etc/b`).ino).toBe(statSync(`${tree}/etc/a`).ino);
  });

  test("cancelling an import leaves nothing", async () => {
    using rig = imageRig();
    const begun = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      start: (c) => c.enqueue(archive(SYSTEM).slice(0, 1024)),
      pull() {
        begun.resolve();
        return new Promise(() => undefined);
      },
    });
    const operation = rig.images.import({ alias: "x", body });
    await begun.promise;
    rig.operations.cancel(operation.id);
    expect((await errorOf(rig.result(operation))).code).toBe("CANCELLED");
    expect(readdirSync(`${rig.state}/images/tmp`)).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(rig.dir);
    expect(rig.images.list()).toEqual([]);
  });
});

describe("an image that is used", () => {
  test("can't be deleted, and the containers are named; unused it can", async () => {
    using rig = imageRig();
    const { digest } = await rig.take(archive(SYSTEM), "mine");
    rig.store.containers.insert("web", containerOf(digest, "web"));
    expect(rig.images.info("mine").containers).toEqual(["web"]);
    expect(() => rig.images.delete("mine")).toThrow("used by web");
    rig.store.containers.delete("web");
    await rig.result(rig.images.delete(digest.slice(7, 19)));
    expect(existsSync(rig.images.rootfs(digest))).toBe(false);
    expect(() => rig.images.resolve("mine")).toThrow('no image "mine"');
  });

  test("an alias means one image", async () => {
    using rig = imageRig();
    await rig.take(archive(SYSTEM), "a");
    await rig.take(archive([...SYSTEM, { name: "etc/x" }]), "b");
    expect(() => rig.images.setAliases("a", ["b"])).toThrow("exists already");
    expect(rig.images.setAliases("a", ["c", "c"]).aliases).toEqual(["c"]);
    expect(() => rig.images.resolve("a")).toThrow("no image");
  });
});

describe("after a crash", () => {
  test("half images, trees without records and records without trees are gone", async () => {
    using rig = imageRig();
    const kept = await rig.take(archive(SYSTEM), "kept");
    const lost = await rig.take(archive([...SYSTEM, { name: "etc/x" }]), "lost");
    rmSync(`${rig.state}/images/${lost.digest.slice(7)}`, { recursive: true });
    mkdirSync(`${rig.state}/images/${"0".repeat(64)}/rootfs`, { recursive: true });
    mkdirSync(`${rig.state}/images/tmp/half/rootfs`, { recursive: true });
    await rig.images.recover();
    expect(rig.images.list().map((i) => i.aliases[0])).toEqual(["kept"]);
    expect(readdirSync(`${rig.state}/images`).sort()).toEqual(
      [kept.digest.slice(7), "objects", "tmp"].sort(),
    );
    expect(readdirSync(`${rig.state}/images/tmp`)).toEqual([]);
  });

  test("kill -9 in the middle of an import leaves no mount and no process, and the same import then works", async () => {
    using rig = imageRig();
    rig.close();
    const child = Bun.spawn({
      cmd: [process.execPath, `${import.meta.dir}/../helpers/half-import.ts`, rig.dir],
      stdout: "pipe",
      stderr: "inherit",
    });
    await child.stdout.getReader().read();
    const mounted = () => readFileSync("/proc/self/mountinfo", "utf8").includes(rig.dir);
    expect(mounted()).toBe(true);
    child.kill("SIGKILL");
    await child.exited;
    while (processesIn(rig.dir).length > 0) await Bun.sleep(10);
    using after = imageRig(rig.dir);
    await after.images.recover();
    expect(mounted()).toBe(false);
    expect(readdirSync(`${rig.state}/images/tmp`)).toEqual([]);
    expect((await after.take(archive(SYSTEM), "mine")).aliases).toEqual(["mine"]);
  });
});

/** Pids that work in a directory. */
function processesIn(dir: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
    } catch {
      return false;
    }
  });
}

describe("what is in a tree", () => {
  test("the digest follows content, mode, owner, time, links and names, not inodes or directories' times", async () => {
    using rig = imageRig();
    const root = `${rig.dir}/tree`;
    mkdirSync(`${root}/d`, { recursive: true });
    const file = `${root}/d/f`;
    const digest = async () => (await takeInventory(root)).digest;
    const write = (text: string) => {
      writeFileSync(file, text);
      utimesSync(file, 1000, 1000);
    };
    write("a");
    const seen = [await digest()];
    utimesSync(`${root}/d`, 5, 5);
    renameSync(file, `${root}/away`);
    write("a");
    rmSync(`${root}/away`);
    expect(await digest()).toBe(seen[0]!);
    const changes: (() => void)[] = [
      () => write("b"),
      () => utimesSync(file, 2000, 2000),
      () => Bun.spawnSync(["chmod", "4755", file]),
      () => Bun.spawnSync(["chown", "5:6", file]),
      () => linkSync(file, `${root}/d/g`),
      () => symlinkSync("x", `${root}/l`),
      () => renameSync(`${root}/l`, `${root}/m`),
    ];
    for (const change of changes) {
      change();
      seen.push(await digest());
    }
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("init is found as the container would, never outside", () => {
    using rig = imageRig();
    const cases: [string, Record<string, string | Buffer>, Record<string, string>, string | undefined][] = [
      [
        "systemd",
        { "usr/lib/systemd/systemd": program() },
        { "sbin/init": "../usr/lib/systemd/systemd" },
        "systemd",
      ],
      [
        "systemd-absolute",
        { "lib/systemd/systemd": program() },
        { "sbin/init": "/lib/systemd/systemd" },
        "systemd",
      ],
      ["sysvinit", { "sbin/init": program(), "etc/inittab": "" }, {}, "sysvinit"],
      ["openrc", { "sbin/init": program(), "etc/inittab": "", "sbin/openrc": program() }, {}, "openrc"],
      [
        "alpine",
        { "bin/busybox": program(), "sbin/openrc": program() },
        { "sbin/init": "/bin/busybox" },
        "busybox",
      ],
      ["other", { "sbin/init": "#!/bin/sh\n" }, {}, "other"],
      ["outside", {}, { "sbin/init": `${"../".repeat(30)}bin/busybox` }, undefined],
      ["loop", {}, { "sbin/init": "init" }, undefined],
      ["none", { "etc/passwd": "" }, {}, undefined],
    ];
    for (const [name, files, links, kind] of cases) {
      const root = `${rig.dir}/${name}`;
      const place = (path: string) =>
        mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      for (const [path, data] of Object.entries(files)) {
        place(path);
        writeFileSync(`${root}/${path}`, data);
      }
      for (const [path, to] of Object.entries(links)) {
        place(path);
        symlinkSync(to, `${root}/${path}`);
      }
      expect([name, findInit(root)?.kind]).toEqual([name, kind]);
    }
  });
});
