/**
 * What is changed in a distribution's fresh tree so that it boots clean in an unprivileged container.
 *
 * Everything here is a file of ours, a link, a removal or a dpkg diversion: each survives upgrades of the packages.
 */
import type { Tweak } from "../spec/tweak.ts";
import { type Mirrors, type Recipe, type RecipeInit, sourcesFile } from "./recipe.ts";

const write = (path: string, text: string, mode = 0o644): Tweak => ({ kind: "write", path, text, mode });

/** Units that need the host's kernel, devices or time, each seen failing or waiting in an unprivileged container. */
const MASKED = [
  "dev-hugepages.mount",
  "sys-kernel-config.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "sys-fs-fuse-connections.mount",
  "systemd-modules-load.service",
  "systemd-pstore.service",
  "systemd-firstboot.service",
  "systemd-networkd-wait-online.service",
  "systemd-udevd.service",
  "systemd-udevd-control.socket",
  "systemd-udevd-kernel.socket",
  "systemd-udev-trigger.service",
  "fstrim.timer",
];

/** Units that find at each boot that they have no TPM, or no tty2, and log it. */
const IDLE = ["systemd-pcrphase-sysinit.service", "systemd-pcrphase.service", "getty-static.service"];

/**
 * A journal reserves 8 MiB when its files may grow to the usual 128 MiB, of which it fills 3.7 with empty tables: on disk, and in
 * memory, in every idle container. 512 KiB is the least that journald knows (systemd 257, journald.conf(5)).
 */
const JOURNAL = `[Journal]
SystemMaxFileSize=512K
RuntimeMaxFileSize=512K
SystemMaxUse=64M
SystemMaxFiles=128
`;

/**
 * logind has /tmp and /var/tmp of its own, of which it uses nothing: in memory they take no directories on disk in each
 * container (systemd.exec(5)).
 */
const LOGIND = `[Service]
PrivateTmp=no
TemporaryFileSystem=/tmp:mode=1777 /var/tmp:mode=1777
`;

/** Where an image says so; containers of such images get the first file of their journal from us. */
export const JOURNAL_SETTINGS = "etc/systemd/journald.conf.d/10-small-files.conf";
/** Where an image says that eth0 is not networkd's. */
export const NETWORK_SETTINGS = "etc/systemd/network/05-eth0-from-outside.network";

/** Says that /etc and /var fit to /usr, as they do: else each first boot makes its own of what the packages made (systemd-update-done(8)). */
const upToDate = (): Tweak[] =>
  ["etc/.updated", "var/.updated"].map((path) => write(path, "# Made with the image.\n"));

const systemd = (): Tweak[] => [
  ...[...MASKED, ...IDLE].map(
    (unit): Tweak => ({ kind: "link", path: `etc/systemd/system/${unit}`, target: "/dev/null" }),
  ),
  // There is no tty1; the login on the console comes from console-getty, which systemd starts in containers.
  { kind: "remove", path: "etc/systemd/system/getty.target.wants/getty@tty1.service" },
  // eth0 is configured from outside before init; networkd, once somebody starts it, must leave it alone.
  write(NETWORK_SETTINGS, "[Match]\nName=eth0\n\n[Link]\nUnmanaged=yes\n"),
  write(JOURNAL_SETTINGS, JOURNAL),
  write("etc/systemd/system/systemd-logind.service.d/10-tmp-in-memory.conf", LOGIND),
  ...upToDate(),
  // What each boot makes otherwise, in each container: the link and logind's directory of those who stay (loginctl(1)).
  { kind: "link", path: "var/lib/dbus/machine-id", target: "/etc/machine-id" },
  { kind: "directory", path: "var/lib/systemd/linger", mode: 0o755 },
];

/** Start scripts that only make sense on a machine of one's own. */
const HARDWARE_SCRIPTS = [
  "mount-configfs",
  "hwclock.sh",
  "checkroot.sh",
  "checkfs.sh",
  "brightness",
  "bootlogs",
  "umountfs",
  "umountroot",
];

/** LXC gives /proc, /sys and /dev; what is left to mount is what scripts expect to be empty at each boot. */
const MOUNTS = `[ "$1" = start ] || exit 0
mountpoint -q /run || mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
mkdir -p /run/lock /dev/shm
mountpoint -q /run/lock || mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=5m tmpfs /run/lock
mountpoint -q /dev/shm || mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /dev/shm
[ -e /run/shm ] || ln -s /dev/shm /run/shm
# Tells bootclean that these were empty when mounted.
: >/run/.tmpfs
: >/run/lock/.tmpfs`;

const sysvinit = (): Tweak[] => [
  { kind: "remove", path: "var/lib/dbus/machine-id" },
  { kind: "script", name: "mountkernfs.sh", body: MOUNTS },
  { kind: "script", name: "mountdevsubfs.sh", body: ":" },
  ...HARDWARE_SCRIPTS.map((name): Tweak => ({ kind: "script", name, body: ":" })),
  write("etc/fstab", "# The root file system and the kernel's own are mounted from outside.\n"),
  // Only the host may set these; an empty file of the same name masks the package's.
  write("etc/sysctl.d/99-protect-links.conf", "# Set by the host.\n"),
  write("etc/sysctl.d/protect-links.conf", "# Set by the host.\n"),
  {
    kind: "edit",
    path: "etc/inittab",
    drop: /getty.* tty[1-6]$|^p[fno]:/,
    // SIGPWR is how a container's init is told from outside to halt.
    add: "pf::powerwait:/sbin/shutdown -h now\nco:2345:respawn:/sbin/getty --noclear --keep-baud 115200,38400,9600 console vt220\n",
  },
  // sysvinit says so on the console when it is missing.
  write("etc/inittab.d/README", "Files here whose names end in .tab are read after /etc/inittab.\n"),
];

const openrc = (): Tweak[] => [
  ...sysvinit(),
  // Its only work is to mount cgroups, which are there.
  { kind: "remove", path: "etc/runlevels/sysinit/cgroups" },
];

const BY_INIT: Record<RecipeInit, () => Tweak[]> = { systemd, sysvinit, openrc };

/** Mirrors in the style apt uses now, in the place of the list that mmdebstrap wrote, unless it chose them. */
function packageSources(recipe: Recipe, mirrors: Mirrors): Tweak[] {
  const text = sourcesFile(recipe, mirrors);
  if (text === undefined) return [];
  return [
    { kind: "remove", path: "etc/apt/sources.list" },
    write(`etc/apt/sources.list.d/${recipe.distribution}.sources`, text),
  ];
}

/** Everything to change in a tree built from `recipe` with `init`, in order. */
export function tweaks(recipe: Recipe, init: RecipeInit, mirrors: Mirrors): Tweak[] {
  return [
    ...BY_INIT[init](),
    ...packageSources(recipe, mirrors),
    // The build host's own; each container gets its own.
    { kind: "remove", path: "etc/hostname" },
    write("etc/resolv.conf", ""),
    // Empty, not missing: each container makes its own, and systemd does not take its first boot for an installation.
    write("etc/machine-id", ""),
    { kind: "remove", path: "var/cache/ldconfig/aux-cache" },
    { kind: "remove", path: "var/log/bootstrap.log" },
    { kind: "remove", path: "var/log/dpkg.log" },
    { kind: "remove", path: "var/log/alternatives.log" },
    { kind: "remove", path: "var/log/apt/history.log" },
    { kind: "remove", path: "var/log/apt/term.log" },
    { kind: "remove", path: "var/log/apt/eipp.log.xz" },
  ];
}
