/** Twenty Debian servers that get the same package's upgrade by apt share it afterwards, boot, and verify. */
import { afterAll, beforeAll, expect } from "bun:test";
import { chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { type TestDaemon, testDaemon } from "../helpers/daemon.ts";
import { guestImage } from "../helpers/guest-image.ts";
import { requires } from "../helpers/requires.ts";

const { describe, test, missing } = requires(
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
const TOGETHER = 5;
const NAMES = Array.from({ length: 20 }, (_, i) => `server${i}`);
/** A package of the size of a language's standard library. */
const [FILES, SIZE] = [400, 20_000];
/** Debian's images leave out manuals and the like, which dpkg goes on missing. */
const VERIFY = "dpkg --verify | grep -v '^missing .*/usr/share/' || true";

let d: TestDaemon;

/** Makes a package of many files and one large program; every file of each version has its own content. */
function packaged(version: number): string {
  const tree = `${d.dir}/package`;
  const time = new Date(Date.UTC(2026, 0, version));
  const put = (path: string, data: string, mode = 0o644): void => {
    mkdirSync(`${tree}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    writeFileSync(`${tree}/${path}`, data);
    chmodSync(`${tree}/${path}`, mode);
    utimesSync(`${tree}/${path}`, time, time);
  };
  const about = [
    "Package: proof",
    `Version: ${version}`,
    "Architecture: all",
    "Maintainer: test <t@example.test>",
  ];
  put("DEBIAN/control", `${about.join("\n")}\nDescription: proof\n`);
  put("DEBIAN/conffiles", "/etc/proof.conf\n");
  put("etc/proof.conf", `version ${version}\n`);
  put("usr/bin/proof", `#!/bin/sh\necho ${version}\nexit\n${`${version}`.repeat(5 << 20)}`, 0o755);
  for (let i = 0; i < FILES; i++) put(`usr/lib/proof/d${i % 9}/f${i}`, `${version} ${i} `.repeat(SIZE / 8));
  const file = `${d.dir}/proof_${version}.deb`;
  const { exitCode, stderr } = Bun.spawnSync(["dpkg-deb", "--root-owner-group", "--build", tree, file]);
  expect([exitCode, String(stderr)]).toEqual([0, ""]);
  rmSync(tree, { recursive: true });
  return file;
}

/** Some after the others: Debian's fs.inotify.max_user_instances is enough for twenty systems, and others run too. */
async function eachRunning(work: (name: string) => Promise<void>): Promise<void> {
  for (let from = 0; from < NAMES.length; from += TOGETHER) {
    const names = NAMES.slice(from, from + TOGETHER);
    await d.ok("start", "--wait", ...names);
    for (const name of names) await work(name);
    await d.ok("stop", ...names);
  }
}

const TAKE =
  "cat > /run/proof.deb && apt-get -qq -y install /run/proof.deb 2>&1; code=$?; rm /run/proof.deb; exit $code";

const install = (file: string): Promise<void> =>
  eachRunning(async (name) => {
    await booted(name);
    const { code, stdout } = await d.warren(["exec", "-T", name, "--", "sh", "-c", TAKE], Bun.file(file));
    expect([name, code, code === 0 ? "" : stdout]).toEqual([name, 0, ""]);
  });

const booted = async (name: string): Promise<void> =>
  expect([name, await d.sh(name, "systemctl is-system-running")]).toEqual([name, "running"]);
const bytesOfAll = async (): Promise<number> => (await d.json("share", "report")).total.diskPrivate;

beforeAll(async () => {
  if (missing !== null) return;
  const file = await guestImage("debian/13", "systemd");
  d = await testDaemon();
  await d.ok("image", "import", "--alias", "guest", file);
  for (const name of NAMES) await d.ok("create", "guest", name);
  await install(packaged(1));
}, 15 * MINUTES);
afterAll(() => d?.[Symbol.asyncDispose]());

describe("the same upgrade in twenty servers", () => {
  test(
    "share regains nine tenths of the new bytes, and every server boots and verifies",
    async () => {
      await d.ok("share", "--all");
      const before = await bytesOfAll();
      await install(packaged(2));
      const added = (await bytesOfAll()) - before;
      expect(added).toBeGreaterThan(NAMES.length * FILES * SIZE);

      const { regained } = await d.json("share", "--all");
      console.log(`${added} bytes were new, ${regained} regained: ${Math.round((regained / added) * 100)} %`);
      expect(regained / added).toBeGreaterThanOrEqual(0.9);

      await eachRunning(async (name) => {
        await booted(name);
        expect([name, await d.sh(name, "proof")]).toEqual([name, "2"]);
        expect([name, await d.sh(name, VERIFY)]).toEqual([name, ""]);
      });
      expect((await d.json("image", "check")).damaged).toEqual([]);
    },
    15 * MINUTES,
  );
});
