/** Images from a simplestreams server: the good one, and all the ways in which one can be bad. */
import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { archive, SYSTEM } from "../helpers/archive.ts";
import { errorOf, type ImageRig, imageRig } from "../helpers/images.ts";
import { type Served, serve, sha256 } from "../helpers/oci.ts";
import { requires } from "../helpers/requires.ts";

const { test } = requires("root", "userns", "idmap", "tar");

const ARCH = process.arch === "arm64" ? "arm64" : "amd64";
const PATH = "images/test/1/rootfs.tar.gz";
// Noise, so that it stays large however it is packed.
const noise = new Uint8Array(crypto.getRandomValues(Buffer.alloc(60_000)));
const TREE = new Uint8Array(Bun.gzipSync(archive([...SYSTEM, { name: "etc/noise", data: noise }])));

interface Item {
  ftype?: string;
  path?: string;
  size?: number;
  sha256?: string;
}

/** The two indexes of a server that has one image, `test/1`. */
function indexes(item: Item = {}, archFor = ARCH): Record<string, string> {
  const file = { ftype: "root.tar.gz", path: PATH, size: TREE.length, sha256: sha256(TREE), ...item };
  const versions = {
    "20260101_00:00": { items: { root: { ...file, path: "images/old", sha256: "0".repeat(64) } } },
    "20261120_05:24": { items: { "lxd.tar.xz": { ftype: "lxd.tar.xz", path: "x" }, root: file } },
  };
  const products = {
    "test:1:default": {
      aliases: "test/1/default,test/1",
      arch: archFor,
      os: "Test",
      release_title: "1",
      versions,
    },
    "test:2:default": { aliases: "test/2", arch: ARCH, os: "Test", versions: {} },
  };
  const index = { images: { datatype: "image-downloads", path: "streams/v1/images.json" } };
  return {
    "/streams/v1/index.json": JSON.stringify({ format: "index:1.0", index }),
    "/streams/v1/images.json": JSON.stringify({ format: "products:1.0", products }),
  };
}

/** A server with these indexes; `give` answers for the image's file. */
const server = (texts: Record<string, string>, give: (request: Request) => Response): Served =>
  serve((request, path) => {
    if (path === `/${PATH}`) return give(request);
    return texts[path] === undefined ? new Response("", { status: 404 }) : new Response(texts[path]);
  });
const whole = (): Response => new Response(TREE);

const rigFor = ({ host }: Served): ImageRig =>
  imageRig(undefined, { registries: { insecure: [] }, imageServers: { lxc: `http://${host}` } });
const pull = (rig: ImageRig, source = "lxc:test/1") => rig.result(rig.images.pull({ source }));
const downloads = (rig: ImageRig) => readdirSync(`${rig.state}/images/downloads`);

test("the newest version of an alias, checked, with what the server calls it", async () => {
  using from = server(indexes(), whole);
  using rig = rigFor(from);
  const image = await pull(rig);
  expect(image).toMatchObject({
    aliases: ["lxc:test/1"],
    description: "Test 1 (20261120_05:24)",
    source: "lxc:test/1",
  });
  expect(new Uint8Array(readFileSync(`${rig.images.rootfs(image.digest)}/etc/noise`))).toEqual(noise);
  expect(from.asked).not.toContain("/images/old");
  expect(downloads(rig)).toEqual([]);
});

test("a connection that breaks is gone on with where it left off", async () => {
  const ranges: (string | null)[] = [];
  using from = server(indexes(), (request) => {
    const range = request.headers.get("range");
    ranges.push(range);
    const start = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
    // 25 000 bytes each time, though more was promised.
    const piece = TREE.slice(start, start + 25_000);
    const headers = range ? { "Content-Range": `bytes ${start}-${TREE.length - 1}/${TREE.length}` } : {};
    return new Response(piece, { status: range ? 206 : 200, headers });
  });
  using rig = rigFor(from);
  await pull(rig);
  expect(ranges).toEqual([null, "bytes=25000-", "bytes=50000-"]);
});

test("what a cancelled attempt left is gone on with by the next one, also when it was spoilt", async () => {
  let answer = (_: Request): Response =>
    new Response(
      new ReadableStream({
        start: (c) => c.enqueue(TREE.slice(0, 30_000)),
        pull: () => new Promise(() => undefined),
      }),
    );
  const ranges: (string | null)[] = [];
  using from = server(indexes(), (request) => {
    ranges.push(request.headers.get("range"));
    return answer(request);
  });
  using rig = rigFor(from);
  const first = rig.images.pull({ source: "lxc:test/1" });
  while (rig.operations.get(first.id).progress.done < 30_000) await Bun.sleep(5);
  rig.operations.cancel(first.id);
  expect((await errorOf(rig.result(first))).code).toBe("CANCELLED");
  expect(downloads(rig)).toEqual([sha256(TREE)]);
  await Bun.write(`${rig.state}/images/downloads/${sha256(TREE)}`, "x".repeat(1000));
  answer = (request) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    const headers = { "Content-Range": `bytes ${start}-${TREE.length - 1}/${TREE.length}` };
    return start > 0 ? new Response(TREE.slice(start), { status: 206, headers }) : whole();
  };
  await pull(rig);
  expect(ranges).toEqual([null, "bytes=1000-", null]);
});

const BAD: [string, Record<string, string>, (request: Request) => Response, string, RegExp][] = [
  ["another hash", indexes({ sha256: "1".repeat(64) }), whole, "FAILED", /its sha256 is not 1111/],
  [
    "more bytes than told",
    indexes({ size: TREE.length - 1 }),
    whole,
    "HOSTILE",
    /more bytes than its index says/,
  ],
  ["a path outside", indexes({ path: "//elsewhere.test/x.tar.gz" }), whole, "HOSTILE", /leads outside/],
  ["a path upwards", indexes({ path: "https://elsewhere.test/x" }), whole, "HOSTILE", /leads outside/],
  ["no hash", indexes({ sha256: "" }), whole, "FAILED", /has no sha256/],
  ["a size that is none", indexes({ size: -1 }), whole, "FAILED", /has no size/],
  [
    "only a disk",
    indexes({ ftype: "disk-kvm.img" }),
    whole,
    "UNSUPPORTED",
    /neither tar archive nor squashfs/,
  ],
  ["another processor", indexes({}, "s390x"), whole, "NO_IMAGE", /is not for/],
  ["an index that is no JSON", { "/streams/v1/index.json": "<html>" }, whole, "FAILED", /not JSON/],
  ["no index", {}, whole, "FAILED", /answered 404/],
  ["the file gone", indexes(), () => new Response("", { status: 404 }), "FAILED", /answered 404/],
  [
    "a redirect to where no certificate is",
    indexes(),
    () => Response.redirect("http://elsewhere.test/x", 302),
    "HOSTILE",
    /leads to http:\/\/elsewhere.test/,
  ],
  ["redirects without end", indexes(), ({ url }) => Response.redirect(url, 302), "HOSTILE", /leads to/],
  [
    "no archive at all",
    indexes({ size: 5, sha256: sha256("hello") }),
    () => new Response("hello"),
    "BAD_VALUE",
    /not a tar/,
  ],
];

for (const [what, texts, give, code, message] of BAD)
  test(`refused: ${what}`, async () => {
    using from = server(texts, give);
    using rig = rigFor(from);
    const error = await errorOf(pull(rig));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(rig.images.list()).toEqual([]);
    expect(readdirSync(`${rig.state}/images/tmp`)).toEqual([]);
  });

test("a file that ends too early again and again is given up, and said so", async () => {
  using from = server(indexes(), () => new Response(TREE.slice(0, 1000)));
  using rig = rigFor(from);
  const error = await errorOf(pull(rig));
  expect([error.code, error.message]).toEqual(["FAILED", expect.stringContaining("ends too early")]);
}, 30_000);

test("an unknown alias is told with those that come near", async () => {
  using from = server(indexes(), whole);
  using rig = rigFor(from);
  const error = await errorOf(pull(rig, "lxc:test/9"));
  expect([error.code, error.fix]).toEqual(["NO_IMAGE", "it has test/1/default, test/1, test/2"]);
});
