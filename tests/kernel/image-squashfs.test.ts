/** Images that come as squashfs: what is kept, what is left out, what is refused, and from a server. */
import { afterAll, beforeAll, expect } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extract } from "../../src/host/tar/index.ts";
import { archive, SYSTEM } from "../helpers/archive.ts";
import { errorOf, type ImageRig, imageRig } from "../helpers/images.ts";
import { serve, sha256 } from "../helpers/oci.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires("root", "userns", "idmap", "tar", "squashfs");
const ARCH = process.arch === "arm64" ? "arm64" : "amd64";

let rig: ImageRig;
beforeAll(() => {
  if (missing === null) rig = imageRig();
});
afterAll(() => rig?.[Symbol.dispose]());

let made = 0;
/** A small system with what `change`, a script that runs in its tree, does to it. */
function squashed(change: string, ...options: string[]): Uint8Array<ArrayBuffer> {
  const [tree, file] = [`${rig.dir}/tree${made}`, `${rig.dir}/image${made++}`];
  const run = (cmd: string[], stdin?: Uint8Array<ArrayBuffer>, cwd = rig.dir): void => {
    const { success, stderr } = Bun.spawnSync({ cmd, cwd, ...(stdin ? { stdin } : {}) });
    if (!success) throw new Error(`${cmd[0]}: ${stderr}`);
  };
  mkdirSync(tree);
  run(["tar", "x"], new Uint8Array(archive(SYSTEM)), tree);
  run(["sh", "-ec", change], undefined, tree);
  run(["mksquashfs", tree, file, "-quiet", "-no-progress", ...options]);
  return new Uint8Array(readFileSync(file));
}
const leftovers = (): string[] => readdirSync(`${rig.state}/images/tmp`);
const said = (...cmd: string[]): string => Bun.spawnSync(cmd).stdout.toString();

for (const packing of ["gzip", "xz", "zstd"])
  test(`packed with ${packing}: owners, modes, times, links, holes and attributes are kept, devices left out`, async () => {
    const image = await rig.take(
      squashed(
        "echo hi > f; ln f g; ln -s f l; chown 5:6 f; chmod 4755 f; touch -d @1000000000 f; mkfifo p; truncate -s 5M hole; " +
          "mknod dev c 1 3; touch cap; setcap cap_net_raw+ep cap; setfattr -n user.a -v b cap",
        "-comp",
        packing,
      ),
      packing,
    );
    const tree = rig.images.rootfs(image.digest);
    const stat = statSync(`${tree}/f`);
    expect([stat.uid, stat.gid, stat.mode & 0o7777, stat.nlink, stat.mtimeMs]).toEqual([
      5, 6, 0o4755, 2, 1e12,
    ]);
    expect(statSync(`${tree}/g`).ino).toBe(stat.ino);
    expect(lstatSync(`${tree}/l`).isSymbolicLink()).toBe(true);
    expect(lstatSync(`${tree}/p`).isFIFO()).toBe(true);
    expect(statSync(`${tree}/hole`)).toMatchObject({ size: 5 * 2 ** 20, blocks: 0 });
    expect(lstatSync(`${tree}/dev`, { throwIfNoEntry: false })).toBeUndefined();
    expect(image.description).toContain("1 device nodes left out");
    expect(said("getfattr", "--only-values", "-n", "user.a", `${tree}/cap`)).toBe("b");
    expect(said("getcap", `${tree}/cap`)).toContain("cap_net_raw=ep");
    expect(leftovers()).toEqual([]);
  });

test("is the same image as its tar", async () => {
  const [one, other] = [await rig.take(squashed(":")), await rig.take(archive(SYSTEM))];
  expect(one.digest).toBe(other.digest);
});

test("attributes that only the host's root may set are left out", async () => {
  const image = await rig.take(
    squashed("touch f; setfattr -n trusted.overlay.opaque -v y f; setfattr -n user.a -v b f"),
  );
  const file = `${rig.images.rootfs(image.digest)}/f`;
  expect(said("getfattr", "--absolute-names", "-m", "-", file).trim().split("\n").slice(1)).toEqual([
    "user.a",
  ]);
});

const whole = (): Uint8Array<ArrayBuffer> => squashed("head -c 300000 /dev/urandom > noise");
const BAD: [string, () => Uint8Array<ArrayBuffer>, string, RegExp][] = [
  ["cut off", () => whole().slice(0, 100_000), "BAD_VALUE", /the squashfs is broken/],
  [
    "spoilt",
    () => {
      const bytes = whole();
      bytes.fill(0x5a, bytes.length - 3_000);
      return bytes;
    },
    "BAD_VALUE",
    /the squashfs is broken/,
  ],
  ["only a header", () => Buffer.concat([Buffer.from("hsqs"), Buffer.alloc(4000)]), "BAD_VALUE", /is broken/],
  ["of ids beyond a container's", () => squashed("touch f; chown 70000 f"), "BAD_VALUE", /ids beyond 65535/],
];
for (const [what, bytes, code, message] of BAD)
  test(`refused: ${what}`, async () => {
    const error = await errorOf(rig.take(bytes()));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(leftovers()).toEqual([]);
  });

test("refused: a file larger than there is room for", async () => {
  const into = `${rig.dir}/into`;
  mkdirSync(into);
  const options = { into, at: `${rig.dir}/at`, reserve: 0, largestFile: 2 ** 20 };
  const bytes = squashed("head -c 3000000 /dev/zero | tr '\\0' x > big");
  const error = await errorOf(extract(new Blob([bytes]).stream(), options));
  expect([error.code, error.message]).toEqual([
    "HOSTILE",
    expect.stringContaining("more than there is room for"),
  ]);
});

test("from a server that has nothing else", async () => {
  const bytes = squashed("echo served > etc/from");
  const file = { ftype: "squashfs", path: "x/root.squashfs", size: bytes.length, sha256: sha256(bytes) };
  const items = { "lxd.tar.xz": { ftype: "lxd.tar.xz", path: "x/lxd.tar.xz" }, "root.squashfs": file };
  const products = {
    "test:1": {
      aliases: "test/1",
      arch: ARCH,
      os: "Test",
      release_title: "1",
      versions: { "20261120": { items } },
    },
  };
  const texts: Record<string, unknown> = {
    "/streams/v1/index.json": {
      index: { images: { datatype: "image-downloads", path: "streams/v1/images.json" } },
    },
    "/streams/v1/images.json": { products },
  };
  using from = serve((_, path) =>
    path === "/x/root.squashfs"
      ? new Response(bytes)
      : new Response(JSON.stringify(texts[path]), { status: texts[path] ? 200 : 404 }),
  );
  using pulling = imageRig(undefined, {
    registries: { insecure: [] },
    imageServers: { lxc: `http://${from.host}` },
  });
  const image = await pulling.result(pulling.images.pull({ source: "lxc:test/1" }));
  expect(image).toMatchObject({ description: "Test 1 (20261120)", source: "lxc:test/1" });
  expect(readFileSync(`${pulling.images.rootfs(image.digest)}/etc/from`, "utf8")).toBe("served\n");
});
