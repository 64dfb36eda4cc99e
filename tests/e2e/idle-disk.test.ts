/** What an idle Debian container takes of disk, and that its small journal is a journal like any other. */
import { afterAll, beforeAll, expect } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestDaemon, testDaemon } from "../helpers/daemon.ts";
import { guestImage } from "../helpers/guest-image.ts";
import { requires } from "../helpers/requires.ts";

const { describe, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "mmdebstrap",
  "overlay",
  "idmap",
  "debian-mirror",
);
const MINUTES = 60_000;
const KIB = 1024;

/** Bytes on disk of a directory with all that is in it. */
function onDisk(directory: string): number {
  const paths = ["", ...(readdirSync(directory, { recursive: true }) as string[])];
  const seen = new Map(
    paths.map((path) => {
      const { ino, blocks } = statSync(join(directory, path), { throwIfNoEntry: false }) ?? {};
      return [ino, blocks ?? 0];
    }),
  );
  return [...seen.values()].reduce((sum, blocks) => sum + blocks * 512, 0);
}

for (const { recipe, most } of [
  { recipe: "debian/13", most: 200 },
  // Its /tmp is on disk.
  { recipe: "debian/12", most: 220 },
])
  describe(recipe, async () => {
    const { test } = await import("bun:test");
    let d: TestDaemon;
    const machineId = (name: string) => d.sh(name, "cat /etc/machine-id");
    const uuid = async (name: string) => (await d.json("info", name)).uuid as string;
    /** Names of the files of the container's own journal. */
    const files = async (name: string) =>
      (await d.sh(name, 'ls "/var/log/journal/$(cat /etc/machine-id)"')).split("\n");
    /** Puts on disk what is logged; no file may be damaged, or have been found so. */
    const verified = async (name: string) => {
      await d.sh(name, "journalctl --sync; journalctl --quiet --verify");
      expect(await d.sh(name, "journalctl -u systemd-journald | grep -ci 'corrupt\\|unclean' || true")).toBe(
        "0",
      );
      expect((await files(name)).filter((file) => file.endsWith("~"))).toEqual([]);
    };
    const boots = async (name: string) => Number(await d.sh(name, "journalctl -q --list-boots | wc -l"));

    beforeAll(async () => {
      if (missing !== null) return;
      const file = await guestImage(recipe, "systemd");
      d = await testDaemon();
      // Nothing is told of a systemd that is too old: what it is, is found where Debian has it.
      const { code, stderr } = await d.warren(["image", "import", "--alias", "guest", file]);
      expect([code, stderr.includes("systemd")]).toEqual([0, false]);
      await d.ok("launch", "guest", "web", "--wait");
    }, 10 * MINUTES);
    afterAll(() => d?.[Symbol.asyncDispose]());

    test(
      `idle, it adds at most ${most} KB; its journal writes into the file that was there`,
      async () => {
        await verified("web");
        expect(await d.sh("web", "systemctl is-system-running")).toBe("running");
        const data = `${d.instance.state}/containers/${await uuid("web")}`;
        expect(onDisk(data)).toBeLessThanOrEqual(most * KIB);
        expect(await files("web")).toEqual(["system.journal"]);
        const { size, blocks } = statSync(
          `${data}/upper/var/log/journal/${await machineId("web")}/system.journal`,
        );
        expect(size).toBe(98_304);
        // Without holes: one that can't be filled, on a full disk, would cost what is logged already.
        expect(blocks * 512).toBeGreaterThanOrEqual(size);
        expect(await d.sh("web", "journalctl --header | grep '^Data hash table size'")).toEndWith(": 1023");
        expect(await d.sh("web", 'stat -c "%a %U %G" /var/log/journal/*/system.journal')).toMatch(
          /^640 root systemd-journal$/,
        );
      },
      2 * MINUTES,
    );

    test(
      "what is logged is there after a restart, in the same file",
      async () => {
        await d.sh("web", "logger -t mark before");
        await d.ok("restart", "web", "--wait");
        expect(await d.sh("web", "journalctl -q -t mark -o cat")).toBe("before");
        expect(await boots("web")).toBe(2);
        expect(await files("web")).toEqual(["system.journal"]);
        await verified("web");
      },
      2 * MINUTES,
    );

    test(
      "full, it is put away and others follow; no line is lost",
      async () => {
        await d.sh("web", 'for i in $(seq 30); do seq 40 | sed "s/^/$i-/" | logger -t fill; done');
        await verified("web");
        expect(await d.sh("web", "journalctl -q -t fill -o cat | sort -u | wc -l")).toBe("1200");
        const archived = /^system@[0-9a-f]{32}-0{15}1-[0-9a-f]{16}\.journal$/;
        expect((await files("web")).some((file) => archived.test(file))).toBe(true);
        expect(await d.sh("web", "journalctl -q -t mark -o cat")).toBe("before");
      },
      2 * MINUTES,
    );

    test(
      "a copy is a machine of its own with a journal of its own, a new name changes neither",
      async () => {
        const id = await machineId("web");
        expect(id).toBe((await uuid("web")).replaceAll("-", ""));
        await d.ok("copy", "web", "copy");
        await d.ok("start", "copy", "--wait");
        const other = await machineId("copy");
        expect(other).toBe((await uuid("copy")).replaceAll("-", ""));
        expect(other).not.toBe(id);
        expect(await d.sh("copy", "cat /var/lib/dbus/machine-id")).toBe(other);
        expect(await files("copy")).toEqual(["system.journal"]);
        expect(await boots("copy")).toBe(1);
        await d.ok("stop", "copy");
        await d.ok("rename", "copy", "named");
        await d.ok("start", "named", "--wait");
        expect(await machineId("named")).toBe(other);
        expect(await boots("named")).toBe(2);
        await verified("named");
      },
      3 * MINUTES,
    );

    test(
      "killed, it still has what it had logged",
      async () => {
        await d.sh("web", "logger -t mark after; journalctl --sync");
        await d.ok("stop", "--force", "web");
        await d.ok("start", "web", "--wait");
        expect(await d.sh("web", "journalctl -q -t mark -o cat")).toBe("before\nafter");
        await d.sh("web", "journalctl --quiet --verify");
      },
      2 * MINUTES,
    );
  });
