/** Which files may be one inode with others'. */
import { describe, expect, test } from "bun:test";
import { lowerOf } from "../../src/host/object/layers.ts";
import { mayShare } from "../../src/plan/share.ts";

const file = { size: 4096, blocks: 8, links: 1 };

describe("a file that may be shared", () => {
  test.each([
    "usr/bin/dpkg",
    "usr/lib/x86_64-linux-gnu/libc.so.6",
    "opt/app/run",
    "bin/busybox",
    "sbin/init",
    "lib/a",
    "lib64/ld.so",
  ])("%s", (path) => expect(mayShare({ ...file, path })).toBe(true));

  test.each([
    "etc/cron.d/job",
    "var/lib/dpkg/status",
    "root/.profile",
    "home/u/x",
    "run/lock",
    "srv/www",
    "tmp/x",
    "init",
    "usrlocal/x",
    "library/x",
  ])("not %s", (path) => expect(mayShare({ ...file, path })).toBe(false));

  test("not an empty one, one with several names, nor a large one with holes", () => {
    const path = "usr/lib/x";
    expect(mayShare({ ...file, path, size: 0 })).toBe(false);
    expect(mayShare({ ...file, path, links: 2 })).toBe(false);
    expect(mayShare({ ...file, path, size: 2 ** 40 })).toBe(false);
    // Small ones may lie in the inode itself and have no blocks.
    expect(mayShare({ ...file, path, size: 60, blocks: 0 })).toBe(true);
  });
});

describe("what a directory of an upper shows of the layers below", () => {
  const plain = { opaque: false, redirect: null };
  test.each([
    ["usr", plain, "", "usr"],
    ["usr/lib", plain, "usr", "usr/lib"],
    ["usr/lib", { opaque: true, redirect: null }, "usr", null],
    ["usr/lib/x", plain, null, null],
    ["usr/new", { opaque: false, redirect: "old" }, "usr", "usr/old"],
    ["opt/new", { opaque: true, redirect: "/usr/old" }, null, "usr/old"],
    ["opt/new", { opaque: false, redirect: "old" }, null, null],
  ])("%s %j below %p: %p", (path, note, parent, expected) =>
    expect(lowerOf(path, note, parent)).toBe(expected),
  );
});
