import { describe, expect, test } from "bun:test";
import {
  buildFailure,
  mirrorsAmong,
  parseDeb822,
  parseOneLine,
  progressReader,
} from "../../src/host/mmdebstrap/text.ts";
import { decompressor, verdict } from "../../src/host/tar/text.ts";

describe("the host's apt sources", () => {
  test("are read in both styles, without what a guest can't use", () => {
    expect(
      parseOneLine(
        "# deb http://no.test/d x main\ndeb [arch=amd64 signed-by=/k] http://m.test/d/ trixie main # c\ndeb-src http://s.test/d trixie main\ndeb cdrom:[x] trixie main\ndeb http://user:pw@p.test/d trixie main\n",
      ),
    ).toEqual([{ uri: "http://m.test/d", suites: ["trixie"] }]);
    expect(
      parseDeb822(
        "Types: deb deb-src\n# c\nURIs: http://m.test/d https://n.test/d\nSuites: trixie\n trixie-updates\n\nEnabled: no\nTypes: deb\nURIs: http://off.test/d\nSuites: trixie\n\nTypes: deb-src\nURIs: http://src.test/d\nSuites: trixie\n",
      ),
    ).toEqual([
      { uri: "http://m.test/d", suites: ["trixie", "trixie-updates"] },
      { uri: "https://n.test/d", suites: ["trixie", "trixie-updates"] },
    ]);
  });

  test("give the archive and the security mirror of one distribution", () => {
    const sources = [
      { uri: "http://other.test/x", suites: ["main"] },
      { uri: "http://m.test/s", suites: ["bookworm-security"] },
      { uri: "http://m.test/d", suites: ["bookworm"] },
    ];
    expect(mirrorsAmong(sources, ["bookworm", "trixie"])).toEqual({
      archive: "http://m.test/d",
      security: "http://m.test/s",
    });
    expect(mirrorsAmong(sources, ["noble"])).toEqual({ archive: undefined, security: undefined });
  });
});

describe("a build's output", () => {
  test("never goes backwards and stays below the next stage", () => {
    const read = progressReader();
    const lines = [
      "I: running apt-get update...",
      "Get:1 x",
      "I: downloading packages with apt...",
      "I: installing essential packages...",
    ];
    for (let i = 0; i < 400; i++) lines.push(`Unpacking p${i}`);
    lines.push(
      "I: installing remaining packages inside the chroot...",
      "I: cleaning package lists and apt cache...",
    );
    const percents = lines.flatMap((line) => read(line)?.percent ?? []);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(percents.at(-3)).toBeLessThan(75);
    expect(percents.at(-1)).toBe(97);
  });

  test("tells the cause, not the last line", () => {
    expect(
      buildFailure(
        "Err:1 x\nE: Failed to fetch http://m.test/d  Could not resolve 'm.test'\nE: apt-get failed\n",
      ),
    ).toContain("Could not resolve");
    expect(buildFailure("a\nE: the cause\nI: removing tempdir\n")).toBe("E: the cause");
  });
});

describe("tar's words", () => {
  test("an archive's compression is told by its first bytes", () => {
    expect(decompressor(Buffer.from("1f8b08000000", "hex"))).toBe("gzip");
    expect(decompressor(Buffer.from("fd377a585a00", "hex"))).toMatch(/^xz /);
    expect(decompressor(Buffer.from("28b52ffd0458", "hex"))).toMatch(/^zstd /);
    expect(decompressor(Buffer.from("./etc/"))).toBeNull();
    expect(() => decompressor(Buffer.from("BZh91A"))).toThrow("bzip2");
  });

  test.each([
    ["tar: ../x: Member name contains '..'", "HOSTILE"],
    ["tar: x/y: Cannot open: Not a directory", "HOSTILE"],
    ["tar: x: Cannot hard link to 'etc/passwd': No such file or directory", "HOSTILE"],
    ["tar: x: Cannot seek to 9000000000: Invalid argument", "HOSTILE"],
    ["tar: x: Cannot change ownership to uid 99999, gid 0: Invalid argument", "BAD_VALUE"],
    ["tar: This does not look like a tar archive", "BAD_VALUE"],
    ["tar: x: Cannot write: No space left on device", "FAILED"],
    ["tar: something new", "FAILED"],
  ])("%s is %s", (line, code) => {
    expect(
      verdict(2, `${line}\ntar: Exiting with failure status due to previous errors\n`).failure
        ?.code as string,
    ).toBe(code);
  });

  test("device nodes that were not made are counted and no failure; a fault beside them is", () => {
    const node = "tar: dev/sda: Cannot mknod: Operation not permitted\n";
    expect(verdict(2, node + node)).toEqual({ devices: 2, failure: undefined });
    expect(verdict(2, `${node}tar: ../x: Member name contains '..'`).failure?.code).toBe("HOSTILE");
    expect(verdict(0, "tar: Removing leading `/' from member names\n").failure).toBeUndefined();
    expect(verdict(2, "tar: x: Wrote only 512 of 10240 bytes\n").failure?.code).toBe("HOSTILE");
    expect(verdict(2, `tar: ${"../".repeat(99)}x: Member name contains '..'\n`).failure?.code).toBe(
      "HOSTILE",
    );
    expect(verdict(139, "").failure?.code).toBe("FAILED");
  });

  test("names from an archive can't draw on a terminal", () => {
    expect(verdict(2, "tar: \x1b[31mx: Member name contains '..'").failure?.message).not.toContain("\x1b");
  });
});
