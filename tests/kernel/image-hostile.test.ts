import { afterAll, beforeAll, expect } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCell } from "../../src/host/tar/confine.ts";
import { extract } from "../../src/host/tar/index.ts";
import { archive, type Entry, SYSTEM } from "../helpers/archive.ts";
import { errorOf, type ImageRig, imageRig } from "../helpers/images.ts";
import { requires } from "../helpers/requires.ts";

const { test, describe } = requires("root", "tar", "userns", "idmap");

/** Where hostile archives try to write: a directory of the host's that exists and must stay empty. */
const target = mkdtempSync(join(tmpdir(), "warren-target-"));
const up = "../".repeat(20);
let rig: ImageRig;
beforeAll(() => {
  rig = imageRig();
});
afterAll(() => {
  rig[Symbol.dispose]();
  rmSync(target, { recursive: true });
});

const evil = (...entries: Entry[]) => archive([...SYSTEM, ...entries]);
const leftovers = () => readdirSync(`${rig.state}/images/tmp`);

describe("an archive that reaches outside is refused", () => {
  const cases: [string, Entry[]][] = [
    ["by ..", [{ name: `${up}${target}/x`, data: "x" }]],
    ["by .. in the middle", [{ name: `etc/${up}${target}/x`, data: "x" }]],
    [
      "through an absolute symlink",
      [
        { name: "etc/l", type: "symlink", target },
        { name: "etc/l/x", data: "x" },
      ],
    ],
    [
      "through a relative symlink",
      [
        { name: "etc/l", type: "symlink", target: up + target },
        { name: "etc/l/x", data: "x" },
      ],
    ],
    [
      "through two symlinks",
      [
        { name: "a", type: "symlink", target: ".." },
        { name: "b", type: "symlink", target: `a/${up}` },
        { name: `b${target}/x`, data: "x" },
      ],
    ],
    ["by a hard link to an absolute name", [{ name: "etc/l", type: "hardlink", target: "/etc/shadow" }]],
    ["by a hard link with ..", [{ name: "etc/l", type: "hardlink", target: `${up}etc/shadow` }]],
    [
      "by a hard link through a symlink",
      [
        { name: "etc/d", type: "symlink", target: "/etc" },
        { name: "etc/l", type: "hardlink", target: "etc/d/shadow" },
      ],
    ],
    [
      "by a rootfs that is a link",
      [
        { name: "metadata.yaml", data: "architecture: x86_64\n" },
        { name: "rootfs", type: "symlink", target: "/" },
      ],
    ],
    [
      "by a metadata.yaml that is a link",
      [
        { name: "metadata.yaml", type: "symlink", target: "/etc/shadow" },
        { name: "rootfs/", type: "directory" },
      ],
    ],
  ];
  for (const [how, entries] of cases)
    test(how, async () => {
      const error = await errorOf(rig.take(evil(...entries)));
      expect(error.code).toBe("HOSTILE");
      expect(error.message).not.toMatch(/[\n\x1b]/);
      expect(readdirSync(target)).toEqual([]);
      expect(leftovers()).toEqual([]);
      expect(rig.images.list()).toEqual([]);
    });
});

describe("an archive that is odd is taken without harm", () => {
  const treeOf = async (...entries: Entry[]) => {
    const { digest } = await rig.take(evil(...entries));
    const tree = rig.images.rootfs(digest);
    return {
      tree,
      digest,
      [Symbol.asyncDispose]: () => rig.result(rig.images.delete(digest)).then(() => undefined),
    };
  };

  test("absolute names land inside", async () => {
    await using made = await treeOf({ name: `${target}/x`, data: "x" });
    expect(readFileSync(`${made.tree}${target}/x`, "utf8")).toBe("x");
    expect(readdirSync(target)).toEqual([]);
  });

  test("a file under the name of a symlink leaves the link's target untouched", async () => {
    await using made = await treeOf(
      { name: "etc/l", type: "symlink", target: `${target}/x` },
      { name: "etc/l", data: "x" },
    );
    expect(lstatSync(`${made.tree}/etc/l`)).toBeDefined();
    expect(existsSync(`${target}/x`)).toBe(false);
    expect(readdirSync(target)).toEqual([]);
  });

  test("device nodes are dropped, whiteouts too; fifos stay and block nobody", async () => {
    await using made = await treeOf(
      { name: "etc/sda", type: "block", device: [8, 0] },
      { name: "etc/mem", type: "character", device: [1, 1] },
      { name: "etc/whiteout", type: "character", device: [0, 0] },
      { name: "etc/fifo", type: "fifo" },
    );
    expect(readdirSync(`${made.tree}/etc`)).toEqual(["fifo"]);
  });

  test("names with a newline, an escape, a dash and no UTF-8 are kept byte by byte", async () => {
    const names = [
      Buffer.from("etc/a\nb"),
      Buffer.from("etc/\x1b[31m"),
      Buffer.from("etc/-rf"),
      Buffer.from([0x65, 0x74, 0x63, 0x2f, 0xff, 0xfe]),
    ];
    await using made = await treeOf(...names.map((name): Entry => ({ name, data: "x" })));
    const found = readdirSync(`${made.tree}/etc`, { encoding: "buffer" }) as Buffer[];
    expect(found.map((n) => n.toString("hex")).sort()).toEqual(
      names.map((n) => n.subarray(4).toString("hex")).sort(),
    );
  });

  test("setuid and foreign ids are kept, out of reach of the host's users", async () => {
    await using made = await treeOf(
      { name: "etc/su", mode: 0o4755 },
      { name: "etc/own", uid: 1000, gid: 65_535, mode: 0o640 },
    );
    expect(statSync(`${made.tree}/etc/su`).mode & 0o7777).toBe(0o4755);
    expect(statSync(`${made.tree}/etc/su`).uid).toBe(0);
    expect(statSync(`${made.tree}/etc/own`)).toMatchObject({ uid: 1000, gid: 65_535 });
    expect(statSync(`${rig.state}/images`).mode & 0o777).toBe(0o700);
  });

  test("attributes that could steer the host's overlay are left out", async () => {
    const pax = {
      "SCHILY.xattr.user.overlay.redirect": "/x",
      "SCHILY.xattr.trusted.overlay.opaque": "y",
      "SCHILY.xattr.user.kept": "1",
    };
    await using made = await treeOf({ name: "etc/f", pax });
    const plain = await rig.take(evil({ name: "etc/f", pax: { "SCHILY.xattr.user.kept": "1" } }));
    expect(plain.digest).toBe(made.digest);
  });
});

describe("an archive that is broken or too much is refused", () => {
  const cases: [string, Uint8Array<ArrayBuffer>, string][] = [
    ["empty", new Uint8Array(), "BAD_VALUE"],
    ["noise", crypto.getRandomValues(new Uint8Array(20_000)), "BAD_VALUE"],
    ["cut off", evil({ name: "etc/f", data: "x".repeat(5000) }).slice(0, -4000), "BAD_VALUE"],
    [
      "cut off and compressed",
      Bun.gzipSync(evil({ name: "etc/f", data: crypto.getRandomValues(new Uint8Array(9000)) })).slice(
        0,
        4000,
      ),
      "BAD_VALUE",
    ],
    ["without an init", archive([{ name: "etc/", type: "directory" }]), "BAD_VALUE"],
    ["of ids that no container has", evil({ name: "etc/f", uid: 65_536 }), "BAD_VALUE"],
    [
      "for another processor",
      archive([
        {
          name: "sbin/init",
          data: Buffer.from(`7f454c46020101${"00".repeat(9)}0200f300${"00".repeat(44)}`, "hex"),
        },
      ]),
      "UNSUPPORTED",
    ],
    [
      "with a hole of a pebibyte",
      evil({
        name: "etc/huge",
        data: `1\n${2 ** 50 - 512}\n512\n`.padEnd(512, "\0") + "x".repeat(512),
        pax: {
          "GNU.sparse.major": "1",
          "GNU.sparse.minor": "0",
          "GNU.sparse.name": "etc/huge",
          "GNU.sparse.realsize": `${2 ** 50}`,
        },
      }),
      "HOSTILE",
    ],
  ];
  for (const [what, bytes, code] of cases)
    test(what, async () => {
      const before = rig.images.list().length;
      expect((await errorOf(rig.take(bytes))).code as string).toBe(code);
      expect(leftovers()).toEqual([]);
      expect(rig.images.list().length).toBe(before);
    });

  /** An archive of one file that never ends. */
  const endless = (): ReadableStream<Uint8Array> => {
    let next: Uint8Array = evil({ name: "etc/big", size: 2 ** 32 }).slice(0, -1024);
    return new ReadableStream({
      async pull(controller) {
        controller.enqueue(next);
        next = new Uint8Array(65_536);
        await Bun.sleep(1);
      },
    });
  };
  const limits = { reserve: 0, largestFile: 2 ** 40 };
  for (const [what, limit] of [
    ["a file larger than allowed", { ...limits, largestFile: 2 ** 20 }],
    ["more than the disk can spare", { ...limits, reserve: 2 ** 60 }],
  ] as const)
    test(what, async () => {
      const place = mkdtempSync(join(tmpdir(), "warren-extract-"));
      mkdirSync(`${place}/into`);
      try {
        const work = extract(endless(), { into: `${place}/into`, at: `${place}/at`, ...limit });
        expect((await errorOf(work)).code).toBe("HOSTILE");
        expect(existsSync(`${place}/at`)).toBe(false);
      } finally {
        rmSync(place, { recursive: true });
      }
    });
});

describe("the cell in which archives are unpacked", () => {
  test("lets its root write inside, and nowhere else; no devices, no network", async () => {
    const place = mkdtempSync(join(tmpdir(), "warren-cell-"));
    mkdirSync(`${place}/in`);
    const secret = `${target}/secret`;
    writeFileSync(secret, "s", { mode: 0o600 });
    const cell = await openCell(`${place}/in`, `${place}/at`);
    const can = (...cmd: string[]) =>
      Bun.spawnSync({ cmd: [...cell.enter, ...cmd], cwd: cell.cwd, stderr: "ignore" }).exitCode === 0;
    try {
      expect(can("touch", "mine")).toBe(true);
      expect(statSync(`${place}/in/mine`).uid).toBe(0);
      expect(can("cat", secret)).toBe(false);
      expect(can("touch", `${target}/x`)).toBe(false);
      expect(can("chown", "0:0", "/etc/passwd")).toBe(false);
      expect(can("mknod", "sda", "b", "8", "0")).toBe(false);
      expect(can("ip", "route", "get", "10.0.0.1")).toBe(false);
    } finally {
      cell.close();
      rmSync(place, { recursive: true });
      rmSync(secret);
    }
  });
});
