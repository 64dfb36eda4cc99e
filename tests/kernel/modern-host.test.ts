/**
 * What Warren builds on, shown without Warren's own engine on a host as most users have it: cgroup v2 alone, systemd,
 * AppArmor. A raw LXC container with an idmapped overlay root, on each kind of file system that is mounted here.
 */
import { expect } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/host/exec/index.ts";
import { shiftTo } from "../../src/host/idmap/index.ts";
import { mountRoot, unmountRoot } from "../../src/host/overlay/index.ts";
import { difference, hostState } from "../helpers/host-state.ts";
import { requires } from "../helpers/requires.ts";

const BASE = 1_999_994_880;
const SIZE = 65_536;
const LIMIT = 64 << 20;
const CGROUP = "/sys/fs/cgroup";

/** A guest of one shell: says that it runs by writing a file, then waits. */
const INIT = "#!/bin/sh\necho written by the guest > /written\nexec sleep 600\n";

const { test } = requires("root", "cgroup-v2", "systemd", "apparmor", "lxc", "busybox", "overlay", "idmap");

/** A directory on each file system worth a try: the root's own, and those that the test machine has beside it. */
const places = ["/var/tmp", "/srv/xfs", "/srv/btrfs"].filter((path) => Bun.env.WARREN_V2 || existsSync(path));

const read = (path: string) => readFileSync(path, "utf8").trim();

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 300; turn++) {
    if (holds()) return;
    await Bun.sleep(100);
  }
  throw new Error(`never came true: ${what}`);
}

function makeImage(image: string): void {
  for (const dir of ["bin", "sbin", "dev", "proc", "sys", "tmp"])
    mkdirSync(join(image, dir), { recursive: true });
  cpSync("/bin/busybox", join(image, "bin/busybox"), { dereference: true });
  for (const name of ["sh", "sleep"]) symlinkSync("busybox", join(image, "bin", name));
  writeFileSync(join(image, "sbin/init"), INIT);
  chmodSync(join(image, "sbin/init"), 0o755);
}

function config(name: string, rootfs: string, dir: string): string {
  return [
    `lxc.uts.name = ${name}`,
    `lxc.rootfs.path = dir:${rootfs}`,
    "lxc.rootfs.managed = 0",
    `lxc.idmap = u 0 ${BASE} ${SIZE}`,
    `lxc.idmap = g 0 ${BASE} ${SIZE}`,
    `lxc.cgroup.dir.container = ${name}/box`,
    "lxc.cgroup.dir.container.inner = guest",
    `lxc.cgroup.dir.monitor = ${name}/monitor`,
    `lxc.cgroup2.memory.max = ${LIMIT}`,
    "lxc.apparmor.profile = generated",
    "lxc.apparmor.allow_nesting = 1",
    "lxc.mount.auto = proc:mixed sys:mixed",
    "lxc.autodev = 1",
    "lxc.net.0.type = empty",
    `lxc.log.file = ${dir}/log`,
    "",
  ].join("\n");
}

/** Takes away the cgroups of a container that has ended. */
async function removeCgroups(name: string): Promise<void> {
  const left = ["box/guest", "box", "monitor", ""].map((part) => join(CGROUP, name, part));
  await until(`the cgroups of ${name} are empty`, () => {
    for (const path of left) {
      try {
        rmdirSync(path);
      } catch {
        // not there, or its last process is still on its way out
      }
    }
    return !existsSync(join(CGROUP, name));
  });
}

test("the host has one cgroup hierarchy, with the controllers that levels need", () => {
  const controllers = read(join(CGROUP, "cgroup.controllers")).split(" ");
  for (const controller of ["cpu", "cpuset", "io", "memory", "pids"])
    expect(controllers).toContain(controller);
});

if (Bun.env.WARREN_V2)
  test("the second disks are mounted, xfs with project quota", () => {
    expect(read("/proc/mounts")).toMatch(/ \/srv\/xfs xfs \S*\bprjquota\b/);
    expect(read("/proc/mounts")).toMatch(/ \/srv\/btrfs btrfs /);
  });

for (const place of places) {
  const label = `a container whose root is an idmapped overlay on ${place} runs confined and keeps its limit`;
  test(label, async () => {
    const dir = mkdtempSync(join(place, "warren-modern-"));
    const name = dir.slice(dir.lastIndexOf("/") + 1);
    const before = hostState(dir, name);
    const merged = mkdtempSync(join(tmpdir(), "warren-merged-"));
    // LXC's init walks down to its root as the container's own user.
    for (const path of [dir, merged]) chmodSync(path, 0o711);
    const lxc = ["-P", join(dir, "lxc"), "-n", name];
    try {
      for (const part of ["image", "data/upper", "data/work", `lxc/${name}`])
        mkdirSync(join(dir, part), { recursive: true });
      makeImage(join(dir, "image"));
      const shift = await shiftTo(BASE);
      const scratch = join(dir, "scratch");
      mkdirSync(scratch);
      mountRoot({ lowers: [join(dir, "image")], data: join(dir, "data"), target: merged, scratch }, shift.fd);
      shift.close();
      writeFileSync(join(dir, "lxc", name, "config"), config(name, merged, dir));
      // Without newuidmap in its PATH LXC writes the id maps itself, as root may.
      await run(["/usr/bin/lxc-start", ...lxc, "-d"], { env: { PATH: "/usr/sbin:/sbin" }, timeout: 60_000 });
      const upper = join(dir, "data/upper/written");
      await until("the guest wrote its file", () => existsSync(upper) && statSync(upper).size > 0);
      const init = (await run(["lxc-info", ...lxc, "-p", "-H"])).stdout.trim();

      expect(read(upper)).toBe("written by the guest");
      expect(statSync(upper).uid).toBe(0);
      expect(statSync(`/proc/${init}`).uid).toBe(BASE);
      expect(statSync(join(dir, "image/bin/busybox")).uid).toBe(0);
      expect(read(`/proc/${init}/attr/apparmor/current`)).toMatch(/^lxc-.*\(enforce\)$/);
      expect(read(`/proc/${init}/cgroup`)).toBe(`0::/${name}/box/guest`);
      expect(read(join(CGROUP, name, "box/memory.max"))).toBe(String(LIMIT));

      await run(["systemctl", "daemon-reload"], { timeout: 120_000 });
      expect(read(join(CGROUP, name, "box/memory.max"))).toBe(String(LIMIT));
      expect(existsSync(`/proc/${init}`)).toBe(true);
    } catch (error) {
      const log = join(dir, "log");
      throw new Error(`${(error as Error).message}\n${existsSync(log) ? read(log) : "no log"}`, {
        cause: error,
      });
    } finally {
      await run(["lxc-stop", ...lxc, "-k"], { ok: [0, 1, 2], timeout: 60_000 });
      await removeCgroups(name);
      unmountRoot(merged);
      rmdirSync(merged);
      rmSync(dir, { recursive: true, force: true });
    }
    expect(difference(before, hostState(dir, name))).toEqual([]);
  }, 180_000);
}
