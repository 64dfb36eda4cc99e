import { describe, expect, test } from "bun:test";
import { reserveOf } from "../../src/engine/image-space.ts";
import { mountsBelow, readMetadata, writeMetadata } from "../../src/host/image/text.ts";
import { findImage, newAlias, parseRef } from "../../src/plan/image.ts";
import { mmdebstrapArguments, wantedImage } from "../../src/plan/recipe.ts";
import { tweaks } from "../../src/plan/tweak.ts";
import type { WarrenError } from "../../src/spec/errors.ts";
import type { ImageRecord } from "../../src/spec/image.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as WarrenError).code;
  }
  return "none";
};

const HEX = "0123456789ab".padEnd(64, "0");
const image = (hex: string, ...aliases: string[]): ImageRecord => ({
  digest: `sha256:${hex}`,
  aliases,
  size: 0,
  created: "",
  architecture: "amd64",
  init: "other",
  initCommand: [],
  description: "",
  source: "",
  version: 1,
});

describe("a reference", () => {
  test("is a digest, a prefix of twelve or more, or an alias", () => {
    expect(parseRef(`sha256:${HEX}`)).toEqual({ kind: "digest", hex: HEX });
    expect(parseRef(HEX.slice(0, 12))).toEqual({ kind: "digest", hex: HEX.slice(0, 12) });
    expect(parseRef(HEX.slice(0, 11))).toEqual({ kind: "alias", alias: HEX.slice(0, 11) });
    expect(parseRef("debian/13")).toEqual({ kind: "alias", alias: "debian/13" });
  });

  test("that is neither is refused", () => {
    for (const bad of ["", "../x", "sha256:", "sha256:xyz", `${HEX}0`.toUpperCase(), "a b", "x\ny"])
      expect(codeOf(() => parseRef(bad))).toBe("BAD_NAME");
  });

  test("finds one image, none, or is refused as ambiguous", () => {
    const a = image(HEX, "one");
    const b = image(HEX.slice(0, 63).concat("1"), "two");
    expect(findImage(parseRef("two"), [a, b])).toBe(b);
    expect(findImage(parseRef(a.digest), [a, b])).toBe(a);
    expect(findImage(parseRef("three"), [a, b])).toBeUndefined();
    expect(codeOf(() => findImage(parseRef(HEX.slice(0, 12)), [a, b]))).toBe("BAD_NAME");
  });

  test("an alias must not look like a digest", () => {
    expect(newAlias("web:2")).toBe("web:2");
    expect(codeOf(() => newAlias("deadbeefdead"))).toBe("BAD_NAME");
    expect(codeOf(() => newAlias(`sha256:${HEX}`))).toBe("BAD_NAME");
  });
});

describe("a recipe", () => {
  test("is named with or without its init", () => {
    expect(wantedImage("debian/13")).toMatchObject({ alias: "debian/13", init: "systemd" });
    expect(wantedImage("debian/12", "openrc")).toMatchObject({ alias: "debian/12/openrc", init: "openrc" });
    expect(wantedImage("debian/12/sysvinit")).toMatchObject({ name: "debian/12", init: "sysvinit" });
    expect(wantedImage("debian/12/systemd")).toMatchObject({ alias: "debian/12" });
    expect(wantedImage("busybox")).toMatchObject({ kind: "busybox" });
    for (const none of ["debian", "debian/99", "toString", "constructor/systemd"])
      expect(wantedImage(none)).toBeUndefined();
  });

  test("has no variant for every init", () => {
    expect(codeOf(() => wantedImage("debian/12", "runit"))).toBe("BAD_VALUE");
    expect(codeOf(() => wantedImage("debian/12/busybox"))).toBe("BAD_VALUE");
    expect(codeOf(() => wantedImage("debian/12/openrc", "sysvinit"))).toBe("BAD_VALUE");
    expect(codeOf(() => wantedImage("busybox", "systemd"))).toBe("BAD_VALUE");
  });

  test("becomes an argument list with the given mirrors", () => {
    const wanted = wantedImage("debian/12", "sysvinit");
    if (wanted?.kind !== "recipe") throw new Error("no recipe");
    const args = mmdebstrapArguments(
      wanted,
      { archive: "http://a.test/d", security: "http://s.test/d" },
      "/t",
    );
    expect(args).toContain("--variant=minbase");
    expect(args.find((a) => a.startsWith("--include="))).toContain("sysvinit-core");
    expect(args.slice(args.indexOf("/t") - 1, args.indexOf("/t") + 1)).toEqual(["bookworm", "/t"]);
    expect(args.filter((a) => a.startsWith("deb "))).toEqual([
      expect.stringMatching(/ http:\/\/a\.test\/d bookworm main$/),
      expect.stringMatching(/ http:\/\/a\.test\/d bookworm-updates main$/),
      expect.stringMatching(/ http:\/\/s\.test\/d bookworm-security main$/),
    ]);
  });

  test("without a mirror of the host mmdebstrap chooses, and the image keeps the list it wrote", () => {
    const wanted = wantedImage("ubuntu/24.04");
    if (wanted?.kind !== "recipe") throw new Error("no recipe");
    const none = { archive: undefined, security: "http://s.test/d" };
    const args = mmdebstrapArguments(wanted, none, "/t");
    expect(args.slice(-2)).toEqual(["noble", "/t"]);
    expect(args).toContain("--components=main,universe");
    expect(args).toContain("--keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg");
    expect(JSON.stringify(tweaks(wanted.recipe, "systemd", none))).not.toContain("sources");
  });

  test("a host without a mirror for security updates has images without one", () => {
    const wanted = wantedImage("debian/13");
    if (wanted?.kind !== "recipe") throw new Error("no recipe");
    const main = { archive: "http://a.test/d", security: undefined };
    expect(mmdebstrapArguments(wanted, main, "/t").filter((a) => a.startsWith("deb "))).toHaveLength(2);
    const text = tweaks(wanted.recipe, "systemd", main).find((t) => "text" in t && t.text.includes("URIs"));
    expect(text).toMatchObject({ path: "etc/apt/sources.list.d/debian.sources" });
    expect(JSON.stringify(text)).not.toContain("-security");
  });

  test("a container writes little on its first boot", () => {
    const wanted = wantedImage("debian/13");
    if (wanted?.kind !== "recipe") throw new Error("no recipe");
    const none = { archive: undefined, security: undefined };
    const written = (init: "systemd" | "sysvinit"): string[] =>
      tweaks(wanted.recipe, init, none).flatMap((t) => (t.kind === "write" ? [t.path] : []));
    const saves = [
      "etc/systemd/journald.conf.d/10-small-files.conf",
      "etc/systemd/system/systemd-logind.service.d/10-tmp-in-memory.conf",
      "etc/.updated",
      "var/.updated",
    ];
    expect(written("systemd")).toEqual(expect.arrayContaining(saves));
    expect(tweaks(wanted.recipe, "systemd", none)).toContainEqual({
      kind: "link",
      path: "var/lib/dbus/machine-id",
      target: "/etc/machine-id",
    });
    expect(written("sysvinit")).not.toContain("etc/.updated");
  });

  test("leaves nothing of the build host in the image", () => {
    const wanted = wantedImage("debian/13");
    if (wanted?.kind !== "recipe") throw new Error("no recipe");
    for (const init of ["systemd", "sysvinit", "openrc"] as const) {
      const list = tweaks(wanted.recipe, init, { archive: "http://a.test/d", security: "http://s.test/d" });
      expect(list).toContainEqual({ kind: "remove", path: "etc/hostname" });
      expect(list).toContainEqual({ kind: "write", path: "etc/machine-id", text: "", mode: 0o644 });
      expect(list.every((t) => t.kind === "script" || !/^\/|\.\./.test(t.path))).toBe(true);
    }
  });
});

describe("texts of images", () => {
  test("a description survives metadata.yaml, whatever is in it", () => {
    const text = writeMetadata({ architecture: "amd64", created: 5, description: "Debian 13 (systemd)" });
    expect(Bun.YAML.parse(text)).toEqual({
      architecture: "x86_64",
      creation_date: 5,
      properties: { description: "Debian 13 (systemd)" },
      templates: {},
    });
    expect(readMetadata(text).description).toBe("Debian 13 (systemd)");
    expect(readMetadata("properties:\n  os: Alpine\n  release: '3.20'\n").description).toBe("Alpine 3.20");
    expect(readMetadata("&a [*a, *a]").description).toBe("");
    expect(
      Bun.YAML.parse(writeMetadata({ architecture: "x", created: 0, description: 'a"\nb: c' })),
    ).toMatchObject({
      properties: { description: 'a"\nb: c' },
    });
  });

  test("mounts below a directory come deepest first, with their spaces", () => {
    const line = (point: string) => `1 2 0:1 / ${point} rw - ext4 /dev/x rw`;
    const text = [line("/s/tmp/a"), line("/s/tmp/a/b\\040c"), line("/s/tmpx"), line("/s/tmp")].join("\n");
    expect(mountsBelow(text, "/s/tmp")).toEqual(["/s/tmp/a/b c", "/s/tmp/a"]);
  });
});

test.each([
  [64 * 2 ** 20, 16 * 2 ** 20],
  [2 ** 30, 256 * 2 ** 20],
  [100 * 2 ** 30, 5 * 2 ** 30],
])("of a disk of %d bytes archives leave %d", (size, kept) => expect(reserveOf(size)).toBe(kept));
