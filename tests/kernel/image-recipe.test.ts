import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { ImageSummary } from "../../src/spec/image.ts";
import { errorOf, type ImageRig, imageRig } from "../helpers/images.ts";
import { requires } from "../helpers/requires.ts";

const { describe, test, missing } = requires("root", "mmdebstrap", "debian-mirror");
/** A net against hanging, in ms: twenty seconds where the mirror is near, minutes where instructions are emulated. */
const PATIENCE = 15 * 60_000;

describe("debian/12 with sysvinit", () => {
  let rig: ImageRig;
  let image: ImageSummary;
  const seen = new Set<string>();
  beforeAll(async () => {
    if (missing) return;
    rig = imageRig();
    const operation = rig.images.build({ recipe: "debian/12", init: "sysvinit" });
    const look = setInterval(() => seen.add(rig.operations.get(operation.id).progress.step), 50);
    image = await rig.result(operation).finally(() => clearInterval(look));
  }, PATIENCE);
  afterAll(() => rig?.[Symbol.dispose]());
  const file = (path: string) => `${rig.images.rootfs(image.digest)}/${path}`;

  test("is built under its own alias, with progress told", () => {
    expect(image).toMatchObject({ aliases: ["debian/12/sysvinit"], init: "sysvinit" });
    expect([...seen]).toContain("downloading packages");
    expect([...seen]).toContain("installing packages");
  });

  test("halts on SIGPWR, has a login on the console and none on ttys", () => {
    const inittab = readFileSync(file("etc/inittab"), "utf8");
    expect(inittab).toMatch(/^pf::powerwait:\/sbin\/shutdown -h now$/m);
    expect(inittab).toMatch(/^co:.*getty.* console /m);
    expect(inittab).not.toMatch(/^[^#]*getty.* tty\d$/m);
  });

  test("carries nothing of the build host, no documentation, no package lists, no devices", () => {
    expect(existsSync(file("etc/hostname"))).toBe(false);
    expect(readFileSync(file("etc/resolv.conf"), "utf8")).toBe("");
    expect(readFileSync(file("etc/machine-id"), "utf8")).toBe("");
    expect(existsSync(file("usr/share/man/man1"))).toBe(false);
    expect(readdirSync(file("var/lib/apt/lists")).filter((n) => /_dists_/.test(n))).toEqual([]);
    expect(readdirSync(file("dev"))).not.toContain("null");
    expect(existsSync(file("usr/share/doc/bash/copyright"))).toBe(true);
  });

  test("its own start scripts keep their place in the order, the packages' are diverted", () => {
    expect(readFileSync(file("etc/init.d/checkroot.sh"), "utf8")).toMatch(/^# Provides: +checkroot\b/m);
    expect(readFileSync(file("var/lib/dpkg/diversions"), "utf8")).toContain("/etc/init.d/checkroot.sh\n");
    expect(readlinkSync(file("etc/rcS.d/S03checkroot.sh"))).toBe("../init.d/checkroot.sh");
  });
});

test(
  "a cancelled build leaves no process, no mount and no file",
  async () => {
    using rig = imageRig();
    const operation = rig.images.build({ recipe: "debian/12" });
    while (rig.operations.get(operation.id).progress.step !== "downloading packages") await Bun.sleep(20);
    rig.operations.cancel(operation.id);
    expect((await errorOf(rig.result(operation))).code).toBe("CANCELLED");
    expect(readdirSync(`${rig.state}/images/tmp`)).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(rig.dir);
    const commands = readdirSync("/proc").flatMap((pid) => {
      try {
        return /^\d+$/.test(pid) && pid !== `${process.pid}`
          ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")]
          : [];
      } catch {
        return [];
      }
    });
    expect(commands.filter((c) => c.includes(rig.dir))).toEqual([]);
  },
  PATIENCE,
);
