/**
 * What the modern host is made of: a Debian with cgroup v2 alone, systemd as PID 1 and AppArmor.
 *
 * Only data. The image is kept under the hash of this file and of image.mjs, so any change here makes a new one.
 */

/** Debian's name for the release. */
export const SUITE = "trixie";

/** What a user of Warren would have there, plus what a test needs; recommended packages are left out. */
export const PACKAGES = [
  "linux-image-cloud-amd64",
  "initramfs-tools",
  "zstd",
  "xz-utils",
  "systemd",
  "systemd-sysv",
  "udev",
  "dbus",
  "libpam-systemd",
  "kmod",
  "procps",
  "lxc",
  "lxcfs",
  "apparmor",
  "uidmap",
  "nftables",
  "iproute2",
  "iputils-ping",
  "mmdebstrap",
  "busybox-static",
  "openssh-server",
  "xfsprogs",
  "btrfs-progs",
  "e2fsprogs",
  "squashfs-tools",
  "skopeo",
  "libcap2-bin",
  "attr",
  "ca-certificates",
];

/** Sizes as the tools want them; all disks are sparse. */
export const ROOT_SIZE = "12G";
export const DATA_SIZE = "6G";

/** The second disks, in the order in which the machine gets them: where the guest finds and mounts each. */
export const DATA_DISKS = [
  { serial: "warren-xfs", path: "/srv/xfs", type: "xfs", options: "prjquota" },
  { serial: "warren-btrfs", path: "/srv/btrfs", type: "btrfs", options: "defaults" },
];

/**
 * Kernel command line.
 *
 * `noinit_itable`: or ext4 would spend the first minutes zeroing inode tables of a disk that is thrown away.
 */
export const CMDLINE = "root=/dev/vda rw rootflags=noinit_itable console=ttyS0 panic=-1";

/** Name under which the guest's own SSH key is known; its address is only ever a forwarded loopback port. */
export const HOST_NAME = "warren-v2";

/** qemu's user network, fixed by qemu itself. */
const NETWORK = { address: "10.0.2.15/24", gateway: "10.0.2.2", dns: "10.0.2.3" };

const fstab = [
  "/dev/vda / ext4 noinit_itable 0 0",
  ...DATA_DISKS.map(
    ({ serial, path, type, options }) =>
      // nofail: ssh need not wait for mkfs; a failed one shows as a failed unit.
      `/dev/disk/by-id/virtio-${serial} ${path} ${type} ${options},x-systemd.makefs,nofail 0 0`,
  ),
];

/** Files laid over the packages' own; text by path. */
export const FILES = {
  "etc/hostname": `${HOST_NAME}\n`,
  "etc/hosts": `127.0.0.1 localhost ${HOST_NAME}\n::1 localhost\n`,
  "etc/fstab": `${fstab.join("\n")}\n`,
  "etc/resolv.conf": `nameserver ${NETWORK.dns}\n`,
  // By driver: a container's veth must never become systemd-networkd's.
  "etc/systemd/network/10-uplink.network": [
    "[Match]",
    "Driver=virtio_net",
    "[Network]",
    `Address=${NETWORK.address}`,
    `Gateway=${NETWORK.gateway}`,
    "IPv6AcceptRA=no",
    "",
  ].join("\n"),
  "etc/ssh/sshd_config.d/warren.conf": "PermitRootLogin prohibit-password\nUseDNS no\n",
  // A small initrd is read and unpacked sooner, which counts where every instruction is emulated.
  "etc/initramfs-tools/conf.d/warren": "MODULES=list\nCOMPRESS=zstd\n",
  "usr/share/initramfs-tools/modules.d/warren": "virtio_pci\nvirtio_blk\next4\n",
};

/** Left out of the packages: nobody reads them there. */
export const EXCLUDED = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"];

/** Run in the finished tree, as arguments of chroot. */
export const FINISH = [
  ["systemctl", "enable", "systemd-networkd.service"],
  ["systemctl", "mask", "systemd-networkd-wait-online.service", "apt-daily.timer", "apt-daily-upgrade.timer"],
  ["systemctl", "mask", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer"],
  // LXC's own bridge and autostart are of no use to Warren and cost seconds of boot.
  ["systemctl", "disable", "lxc-net.service", "lxc.service"],
  ["update-initramfs", "-u"],
];
