/** Exports: what changed between two trees, the archive around the files, and descriptions from hostile sources. */
import { describe, expect, test } from "bun:test";
import {
  changesBetween,
  type Listing,
  type Piece,
  readArchive,
  writeArchive,
} from "../../src/host/backup/index.ts";
import { readManifest, readStageMeta } from "../../src/plan/backup.ts";
import type { ExportManifest } from "../../src/spec/backup.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import { errorOf } from "../helpers/images.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof WarrenError ? error.code : String(error);
  }
  return "none";
};
const listing = (entries: Record<string, string>): Pick<Listing, "entries"> => ({
  entries: new Map(Object.entries(entries)),
});

describe("what changed", () => {
  const old = listing({ ".": "d", "./a": "d", "./a/b": "f 1", "./a/c": "f 2", "./e": "l x" });
  test("from nothing everything, overlay's marks apart", () => {
    const { removed, changed, whiteouts } = changesBetween(
      null,
      listing({ ".": "d", "./a": "f", "./b": "w" }),
    );
    expect({ removed, changed, whiteouts }).toEqual({
      removed: [],
      changed: [".", "./a"],
      whiteouts: ["./b"],
    });
  });
  test("to the same nothing", () => {
    expect(changesBetween(old, old)).toEqual({ removed: [], changed: [], whiteouts: [] });
  });
  test("a directory that is gone is removed once, with all in it", () => {
    expect(changesBetween(old, listing({ ".": "d", "./e": "l x" })).removed).toEqual(["./a"]);
  });
  test("what became something else is removed first", () => {
    const now = listing({ ".": "d", "./a": "f 9", "./e": "w" });
    expect(changesBetween(old, now)).toEqual({
      removed: ["./a", "./e"],
      changed: ["./a"],
      whiteouts: ["./e"],
    });
  });
  test("names beginning alike are not below each other", () => {
    const before = listing({ ".": "d", "./a": "d", "./a/x": "f", "./a.b": "f", "./ab": "f" });
    expect(changesBetween(before, listing({ ".": "d" })).removed).toEqual(["./a", "./a.b", "./ab"]);
  });
  test("names of one file go together", () => {
    const before = listing({ "./a": "f\0one", "./b": "h\0./a", "./c": "h\0./a", "./d": "f\0one" });
    const after = listing({ "./a": "f\0two", "./b": "h\0./a", "./c": "h\0./a", "./d": "f\0one" });
    expect(changesBetween(before, after)).toEqual({
      removed: [],
      changed: ["./a", "./b", "./c"],
      whiteouts: [],
    });
  });
});

async function* of(...pieces: Piece[]): AsyncGenerator<Piece, void> {
  yield* pieces;
}
const big = new Uint8Array(3_000_000).map((_, i) => (i * 7919) % 251);
const sample = (): AsyncGenerator<Piece, void> =>
  of(
    { name: "manifest.json", text: '{"a":1}' },
    { name: "0/files", open: () => new Blob([big]).stream() },
    { name: "1/meta.json", text: "{}" },
  );
type Bytes = Uint8Array<ArrayBuffer>;
const bytesOf = async (pieces = sample()): Promise<Bytes> =>
  new Uint8Array(await new Response(writeArchive(pieces).stream).arrayBuffer());
const plainOf = async (): Promise<Bytes> => new Uint8Array(Bun.zstdDecompressSync(await bytesOf()));

/** Reads an archive like `sample` to its end. */
async function readAll(bytes: Bytes): Promise<Uint8Array> {
  const reader = await readArchive(new Blob([bytes]).stream());
  try {
    const first = await reader.next();
    expect(await reader.text(first!, 100)).toBe('{"a":1}');
    const files = await new Response(reader.pieces("0/files", (await reader.next())!)).bytes();
    expect(await reader.text((await reader.next())!, 100)).toBe("{}");
    expect(await reader.next()).toBeNull();
    return files;
  } finally {
    reader.close();
  }
}

describe("the archive", () => {
  test("comes back as it was written", async () => {
    expect(Buffer.compare(await readAll(await bytesOf()), big)).toBe(0);
  });
  test("is a tar that other tools read", async () => {
    const tar = Bun.spawn({ cmd: ["tar", "--zstd", "-tf", "-"], stdin: await bytesOf(), stdout: "pipe" });
    const names = (await tar.stdout.text()).trim().split("\n");
    expect(names).toEqual([
      "manifest.json",
      "0/files/00000000",
      "0/files/00000001",
      "0/files/00000002",
      "1/meta.json",
      "end.json",
    ]);
  });
  test("cut off anywhere is refused", async () => {
    const whole = await bytesOf();
    for (const part of [0.1, 0.5, 0.9, 0.999]) {
      const error = await errorOf(readAll(whole.slice(0, Math.floor(whole.length * part))));
      expect(error.code).toBe("BAD_VALUE");
    }
  });
  test("cut off between members, plain, is refused", async () => {
    const plain = await plainOf();
    expect(Buffer.compare(await readAll(plain), big)).toBe(0);
    // Without its last member and the two empty blocks.
    expect((await errorOf(readAll(plain.slice(0, plain.length - 4 * 512)))).code).toBe("BAD_VALUE");
  });
  test("with one bit changed in its content is refused", async () => {
    const plain = await plainOf();
    plain[2_000_000]! ^= 1;
    expect((await errorOf(readAll(plain))).message).toContain("not what was written");
  });
  test("that breaks while it is made does not end like one that is whole", async () => {
    const failing = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("the disk broke"));
      },
    });
    const { stream } = writeArchive(of({ name: "0/files", open: () => failing }));
    expect((await errorOf(new Response(stream).bytes())).message).toContain("the disk broke");
  });
});

const manifest: ExportManifest = {
  format: "warren-export",
  version: 1,
  made: "2026-01-01T00:00:00.000Z",
  of: "web",
  image: {
    digest: `sha256:${"0".repeat(64)}`,
    alias: "busybox",
    description: "",
    source: "built-in:busybox",
    architecture: "amd64",
    app: null,
    included: true,
  },
  base: null,
  stages: [
    {
      snapshot: null,
      container: {
        name: "web",
        init: "busybox",
        levels: { "memory.limit": 1024 },
        priority: 0,
        profiles: [],
        overcommit: false,
        started: true,
        app: null,
      },
    },
  ],
};
// biome-ignore lint/suspicious/noExplicitAny: hostile on purpose
type Change = (it: Record<string, any>) => void;

describe("a description", () => {
  test("comes back as it was written", () =>
    expect(readManifest(JSON.stringify(manifest))).toEqual(manifest));
  const bad: [string, Change, string][] = [
    ["of something else", (it) => (it.format = "zip"), "BAD_VALUE"],
    ["of a later version", (it) => (it.version = 2), "UNSUPPORTED"],
    ["without stages", (it) => (it.stages = []), "BAD_VALUE"],
    ["with a digest that is a path", (it) => (it.image.digest = "sha256:../../etc"), "BAD_VALUE"],
    [
      "with a snapshot named like a path",
      (it) => (it.base = { snapshot: "../x", digest: it.image.digest }),
      "BAD_NAME",
    ],
    [
      "with levels that are objects",
      (it) => (it.stages[0].container.levels = { "memory.limit": {} }),
      "BAD_VALUE",
    ],
    ["with an init of its own", (it) => (it.stages[0].container.init = "evil"), "BAD_VALUE"],
    ["with control characters", (it) => (it.of = "web\x1b[2J"), "BAD_VALUE"],
  ];
  test.each(bad)("%s is refused", (_, change, code) => {
    const it = structuredClone(manifest);
    change(it);
    expect(codeOf(() => readManifest(JSON.stringify(it)))).toBe(code);
  });
  test.each(["/etc/passwd", "../x", "./../x", "./a/../../x", "./a//b", "./", "a\0b", 7])(
    "path %p is refused",
    (path) => {
      const meta = { digest: manifest.image.digest, removed: [path], whiteouts: [], overlay: [] };
      expect(codeOf(() => readStageMeta(JSON.stringify(meta)))).toBe("BAD_VALUE");
    },
  );
  test("overlay's notes lead to no parent", () => {
    const note = { path: "./a", name: "redirect", value: "/x/../../y" };
    const meta = { digest: manifest.image.digest, removed: [], whiteouts: [], overlay: [note] };
    expect(codeOf(() => readStageMeta(JSON.stringify(meta)))).toBe("BAD_VALUE");
    const good = { ...meta, overlay: [{ ...note, value: "/x/y" }] };
    expect(readStageMeta(JSON.stringify(good)).overlay).toEqual(good.overlay as never);
  });
});
