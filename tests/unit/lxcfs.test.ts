import { expect, test } from "bun:test";
import { staleFiles, VIEW_FILES, viewDevice } from "../../src/host/lxcfs/text.ts";

const line = (id: number, parent: number, device: string, path: string, type: string) =>
  `${id} ${parent} ${device} / ${path} rw,nosuid shared:7 master:2 - ${type} some rw`;
const views = (device: string, from = 10, proc = 2) =>
  VIEW_FILES.map((file, i) =>
    line(from + i, file.startsWith("proc") ? proc : 3, device, `/${file}`, "fuse.lxcfs"),
  );
const guest = (...more: string[]) =>
  `${[line(1, 90, "0:40", "/", "overlay"), line(2, 1, "0:41", "/proc", "proc"), line(3, 1, "0:42", "/sys", "sysfs"), ...more].join("\n")}\n`;

test("the device of the host's own lxcfs, spaces in its path undone", () => {
  const host = [
    line(1, 0, "8:1", "/", "ext4"),
    line(2, 1, "0:60", "/run/my\\040dir/lxcfs", "fuse.lxcfs"),
    line(3, 1, "0:61", "/run/plain", "tmpfs"),
  ].join("\n");
  expect(viewDevice(host, "/run/my dir/lxcfs")).toBe("0:60");
  expect(viewDevice(host, "/run/plain")).toBeNull();
  expect(viewDevice(host, "/run/other")).toBeNull();
});

test.each([
  ["all served by the one that lives", guest(...views("0:60")), []],
  ["none mounted", guest(), VIEW_FILES.map((file) => ({ file, covered: false }))],
  ["all of one that ended", guest(...views("0:59")), VIEW_FILES.map((file) => ({ file, covered: true }))],
  [
    "one taken away by the guest",
    guest(...views("0:60").filter((text) => !text.includes("meminfo"))),
    [{ file: "proc/meminfo", covered: false }],
  ],
  [
    "one that ended below one that lives",
    guest(...views("0:59"), line(40, 10, "0:60", "/proc/cpuinfo", "fuse.lxcfs")),
    VIEW_FILES.slice(1).map((file) => ({ file, covered: true })),
  ],
  [
    "one that ended upon one that lives",
    guest(...views("0:60"), line(5, 10, "0:59", "/proc/cpuinfo", "fuse.lxcfs")),
    [{ file: "proc/cpuinfo", covered: true }],
  ],
  [
    "hidden by another /proc of the guest's",
    guest(...views("0:60"), line(50, 2, "0:77", "/proc", "proc")),
    VIEW_FILES.filter((file) => file.startsWith("proc")).map((file) => ({ file, covered: false })),
  ],
  [
    "renewed upon another /proc of the guest's",
    guest(...views("0:59"), line(50, 2, "0:77", "/proc", "proc"), ...views("0:60", 60, 50).slice(0, 7)),
    [{ file: "sys/devices/system/cpu/online", covered: true }],
  ],
] as const)("files to renew: %s", (_, mountinfo, expected) => {
  expect(staleFiles(mountinfo, "0:60")).toEqual([...expected]);
});

test("a guest's own text can't keep it busy for ever", () => {
  expect(staleFiles("", "0:60")).toHaveLength(VIEW_FILES.length);
  expect(
    staleFiles("1 1 0:1 / / rw - tmpfs x rw\n5 5 0:1 / /proc rw - tmpfs x rw\nnonsense\n", "0:60"),
  ).toHaveLength(VIEW_FILES.length);
});
