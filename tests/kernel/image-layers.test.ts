/** Images of several layers: how they are put together, and that a hostile one reaches nothing. */
import { expect } from "bun:test";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { Entry } from "../helpers/archive.ts";
import { errorOf, type ImageRig, imageRig } from "../helpers/images.ts";
import { type OciImage, ociArchive, ociImage, registry, savedArchive } from "../helpers/oci.ts";
import { requires } from "../helpers/requires.ts";

const { test } = requires("root", "userns", "idmap", "tar");

const file = (name: string, data = name, more: Partial<Entry> = {}): Entry => ({ name, data, ...more });
const directory = (name: string, mode = 0o755): Entry => ({ name, type: "directory", mode });
const RUN = { Cmd: ["/bin/app"] };

/** Imports an image and gives the directory of its tree. */
async function treeOf(rig: ImageRig, image: OciImage): Promise<string> {
  const { digest } = await rig.take(ociArchive(image));
  return rig.images.rootfs(digest);
}
const text = (path: string): string => readFileSync(path, "utf8");

test("upper layers add, replace, hide and empty what lower ones have", async () => {
  using rig = imageRig();
  const root = await treeOf(
    rig,
    ociImage(
      [
        [
          directory("./"),
          directory("etc"),
          file("etc/kept"),
          file("etc/gone"),
          file("etc/new", "old"),
          directory("opaque"),
          file("opaque/below"),
          directory("whole"),
          file("whole/file"),
          file("was-file"),
          directory("was-directory"),
          file("was-directory/x"),
        ],
        [
          directory("etc", 0o700),
          file("etc/.wh.gone", ""),
          file("etc/new", "new", { mode: 0o600, uid: 5, gid: 6 }),
          directory("opaque"),
          file("opaque/above"),
          file("opaque/.wh..wh..opq", ""),
          file(".wh.whole", ""),
          directory("was-file"),
          file("was-file/y"),
          file("was-directory", "now a file"),
          directory("fresh"),
          file("fresh/.wh.nothing", ""),
          file("fresh/z"),
        ],
      ],
      RUN,
    ),
  );
  expect(readdirSync(`${root}/etc`).sort()).toEqual(["kept", "new"]);
  expect(text(`${root}/etc/new`)).toBe("new");
  expect(statSync(`${root}/etc/new`)).toMatchObject({ uid: 5, gid: 6, mode: 0o100600 });
  expect(statSync(`${root}/etc`).mode & 0o777).toBe(0o700);
  expect(readdirSync(`${root}/opaque`)).toEqual(["above"]);
  expect(existsSync(`${root}/whole`)).toBe(false);
  expect(text(`${root}/was-file/y`)).toBe("was-file/y");
  expect(text(`${root}/was-directory`)).toBe("now a file");
  expect(readdirSync(`${root}/fresh`)).toEqual(["z"]);
  expect(readdirSync(`${rig.state}/images/tmp`)).toEqual([]);
});

test("a hard link to a file of a lower layer is one", async () => {
  using rig = imageRig();
  const root = await treeOf(
    rig,
    ociImage(
      [
        [directory("d"), file("d/a b", "content")],
        [directory("e"), { name: "e/it's", type: "hardlink", target: "d/a b" }, file("e/c")],
      ],
      RUN,
    ),
  );
  expect(statSync(`${root}/e/it's`).ino).toBe(statSync(`${root}/d/a b`).ino);
  expect(text(`${root}/e/c`)).toBe("e/c");
});

test("a directory that a layer doesn't name keeps its mode; below a link it goes where the link leads", async () => {
  using rig = imageRig();
  const root = await treeOf(
    rig,
    ociImage(
      [
        [
          directory("tmp", 0o1777),
          directory("usr"),
          directory("usr/lib"),
          { name: "lib", type: "symlink", target: "/usr/lib" },
        ],
        [file("tmp/x"), file("lib/y")],
      ],
      RUN,
    ),
  );
  expect(statSync(`${root}/tmp`).mode & 0o7777).toBe(0o1777);
  expect(readlinkSync(`${root}/lib`)).toBe("/usr/lib");
  expect(text(`${root}/usr/lib/y`)).toBe("lib/y");
});

test("links of a lower layer lead no upper one out of the tree", async () => {
  using rig = imageRig();
  const outside = `${rig.dir}/outside`;
  await Bun.write(`${outside}/victim`, "whole");
  const lower: Entry[] = [
    directory("etc"),
    { name: "out", type: "symlink", target: outside },
    { name: "up", type: "symlink", target: "../".repeat(40) + outside.slice(1) },
  ];
  const uppers: Entry[][] = [
    [file("out/.wh.victim", ""), file("up/.wh.victim", "")],
    [file("out/victim", "changed"), file("up/victim", "changed")],
    [file("out/.wh..wh..opq", "")],
    [file(".wh...", ""), file(".wh..", ""), file("etc/.wh...", "")],
  ];
  for (const upper of uppers) {
    await treeOf(rig, ociImage([lower, upper], RUN));
    expect(readdirSync(outside)).toEqual(["victim"]);
    expect(text(`${outside}/victim`)).toBe("whole");
  }
  const linked = ociImage([lower, [{ name: "stolen", type: "hardlink", target: "out/victim" }]], RUN);
  expect((await errorOf(treeOf(rig, linked))).code).toBe("HOSTILE");
  expect(lstatSync(`${outside}/victim`).nlink).toBe(1);
});

test("content that is not what its hash says is refused, as OCI layout and as docker-save archive", async () => {
  using rig = imageRig();
  const image = ociImage([[directory("etc"), file("etc/a")]], RUN);
  const other = ociImage([[directory("etc"), file("etc/b")]], RUN);
  const swapped = { ...image, blobs: new Map(image.blobs) };
  const hashes = [...image.blobs.keys()];
  const others = [...other.blobs.values()];
  for (const [i, hash] of hashes.entries()) {
    const bad = { ...swapped, blobs: new Map(image.blobs).set(hash, others[i]!) };
    const error = await errorOf(rig.take(ociArchive(bad)));
    expect([error.code, error.message]).toEqual([
      "BAD_VALUE",
      expect.stringContaining("is not what its hash says"),
    ]);
  }
  const saved = await errorOf(rig.take(savedArchive({ ...image, layers: other.layers })));
  expect(saved.message).toContain("is not what its hash says");
  expect(rig.images.list()).toEqual([]);
});

test("a docker-save archive is the same image as the OCI layout; another program makes it another one", async () => {
  using rig = imageRig();
  const layers = [[directory("etc"), file("etc/a")]];
  const image = ociImage(layers, RUN);
  const [first, second] = [await rig.take(ociArchive(image), "a"), await rig.take(savedArchive(image), "b")];
  expect(second.digest).toBe(first.digest);
  const third = await rig.take(ociArchive(ociImage(layers, { Cmd: ["/bin/other"] })));
  expect(third.digest).not.toBe(first.digest);
  expect(third.init).toBe("app");
  const signal = new AbortController().signal;
  const exported = await rig.images.export("a", "none", signal);
  const back = await rig.take(new Uint8Array(await new Response(exported).arrayBuffer()), "c");
  expect([back.digest, back.aliases]).toEqual([first.digest, ["a", "b", "c"]]);
  const check = await rig.result(rig.images.check({}));
  expect(check).toMatchObject({ images: 2, damaged: [] });
});

test("an image for another processor is refused", async () => {
  using rig = imageRig();
  const image = ociImage([[directory("etc")]], RUN, "s390x");
  expect((await errorOf(rig.take(ociArchive(image)))).code).toBe("UNSUPPORTED");
});

const withSkopeo = requires("root", "userns", "idmap", "tar", "skopeo");

withSkopeo.test(
  "out of a registry: the tree, the program, and clear words for what is not there",
  async () => {
    const config = {
      Entrypoint: ["/bin/app"],
      Cmd: ["-v"],
      Env: ["A=b c"],
      User: "5",
      StopSignal: "SIGQUIT",
    };
    using server = registry({
      "team/web:1.0": ociImage(
        [
          [directory("etc"), file("etc/a")],
          [directory("etc"), file("etc/.wh.a", "")],
        ],
        config,
      ),
    });
    const sources = { registries: { insecure: [server.host] }, imageServers: {} };
    using rig = imageRig(undefined, sources);
    const source = `docker:${server.host}/team/web:1.0`;
    const image = await rig.result(rig.images.pull({ source }));
    expect(image.aliases).toEqual([source]);
    expect(image.app).toMatchObject({
      entrypoint: ["/bin/app"],
      command: ["-v"],
      env: { A: "b c" },
      user: "5",
      stopSignal: 3,
    });
    expect(readdirSync(`${rig.images.rootfs(image.digest)}/etc`)).toEqual([]);
    const missing = await errorOf(
      rig.result(rig.images.pull({ source: `docker:${server.host}/team/web:2.0` })),
    );
    expect([missing.code, missing.message]).toEqual(["NO_IMAGE", expect.stringContaining("team/web:2.0")]);
    using strict = imageRig(undefined, { ...sources, registries: { insecure: [] } });
    const plain = await errorOf(strict.result(strict.images.pull({ source })));
    expect([plain.code, plain.fix]).toEqual(["REFUSED", expect.stringContaining('"insecure"')]);
  },
);
