import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { WarrenError } from "../../spec/errors.ts";
import { run } from "../exec/index.ts";

const BUSYBOX = "/bin/busybox";

const words = (text: string, mode: number) => text.split(" ").map((path): [string, number] => [path, mode]);

const DIRECTORIES: readonly [string, number][] = [
  // Parents by name too: mkdir's own mode is cut by the umask.
  ...words("bin sbin usr usr/bin usr/sbin etc etc/init.d dev proc sys run mnt home var var/log", 0o755),
  ["root", 0o700],
  ["tmp", 0o1777],
  ["var/tmp", 0o1777],
];

const RCS = `#!/bin/sh
# /proc, /sys, /dev and eth0 are ready before init; the rest is quickly done.
ip link set lo up
mkdir -p -m 1777 /dev/shm
[ -s /etc/hostname ] && hostname -F /etc/hostname
for script in /etc/init.d/S??*; do
  [ -x "$script" ] && "$script" start
done
exit 0
`;

const RCK = `#!/bin/sh
for script in $(ls -r /etc/init.d/S??* 2>/dev/null); do
  [ -x "$script" ] && "$script" stop
done
exit 0
`;

/** The shell on the console begins when somebody presses Enter there; until then it costs a sleeping process. */
const INITTAB = `::sysinit:/etc/init.d/rcS
::askfirst:-/bin/sh
::ctrlaltdel:/sbin/reboot
::shutdown:/etc/init.d/rcK
::restart:/sbin/init
`;

const files = (version: string): readonly [string, string, number][] => [
  ["etc/init.d/rcS", RCS, 0o755],
  ["etc/init.d/rcK", RCK, 0o755],
  ["etc/inittab", INITTAB, 0o644],
  [
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    0o644,
  ],
  ["etc/shadow", "root:*:::::::\nnobody:*:::::::\n", 0o600],
  ["etc/group", "root:x:0:\ntty:x:5:\nutmp:x:43:\nnogroup:x:65534:\n", 0o644],
  ["etc/profile", "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='\\h:\\w\\$ '\numask 022\n", 0o644],
  ["etc/shells", "/bin/sh\n/bin/ash\n", 0o644],
  ["etc/fstab", "", 0o644],
  [
    "etc/os-release",
    `NAME=BusyBox\nID=busybox\nVERSION_ID=${version}\nPRETTY_NAME="BusyBox ${version}"\n`,
    0o644,
  ],
];

/** Path of the host's busybox, which runs in any tree. Throws UNSUPPORTED when it is missing or needs the host's libraries. */
export function requireBusybox(): string {
  const fix = "install the package busybox-static";
  const stat = lstatSync(BUSYBOX, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new WarrenError("UNSUPPORTED", `${BUSYBOX} is not on this host`, fix);
  if (!isStatic(readFileSync(BUSYBOX)))
    throw new WarrenError("UNSUPPORTED", `${BUSYBOX} needs this host's libraries`, fix);
  return BUSYBOX;
}

/**
 * Makes the built-in image's tree in the empty directory `root` from the host's busybox; needs no network and takes
 * some milliseconds. Files carry the program's own time, so the same busybox makes the same image.
 *
 * Throws UNSUPPORTED when busybox is missing or needs the host's libraries.
 */
export async function buildBusybox(root: string): Promise<{ version: string }> {
  requireBusybox();
  const stat = lstatSync(BUSYBOX);
  const [list, help] = await Promise.all([run([BUSYBOX, "--list-full"]), run([BUSYBOX, "--help"])]);
  const version = /BusyBox v(\S+)/.exec(help.stdout)?.[1] ?? "unknown";
  for (const [path, mode] of DIRECTORIES) {
    mkdirSync(`${root}/${path}`, { recursive: true });
    chmodSync(`${root}/${path}`, mode);
  }
  copyFileSync(BUSYBOX, `${root}/bin/busybox`);
  chmodSync(`${root}/bin/busybox`, 0o755);
  for (const applet of applets(list.stdout)) {
    mkdirSync(dirname(`${root}/${applet}`), { recursive: true });
    symlinkSync("/bin/busybox", `${root}/${applet}`);
  }
  for (const [path, text, mode] of files(version)) {
    writeFileSync(`${root}/${path}`, text);
    chmodSync(`${root}/${path}`, mode);
  }
  for (const path of ["bin/busybox", ...files(version).map(([path]) => path)])
    utimesSync(`${root}/${path}`, stat.mtime, stat.mtime);
  return { version };
}

/** Paths of the applets, without busybox itself, what would land in the root directory, and package tools. */
const applets = (list: string): string[] =>
  list
    .split("\n")
    .filter((path) => path.includes("/") && !/\/(busybox|dpkg|dpkg-deb|rpm|rpm2cpio)$/.test(path));

/** Whether an ELF program asks for no interpreter (PT_INTERP), elf(5); 64-bit little-endian, as all hosts are. */
function isStatic(program: Buffer): boolean {
  const PT_INTERP = 3;
  const table = Number(program.readBigUInt64LE(32));
  const size = program.readUInt16LE(54);
  const count = program.readUInt16LE(56);
  for (let i = 0; i < count; i++) if (program.readUInt32LE(table + i * size) === PT_INTERP) return false;
  return true;
}
