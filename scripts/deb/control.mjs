// @ts-check
// What the package says of itself: deb-control(5).

/** Packages the daemon can't do without, each with the reason. */
export const DEPENDS = Object.freeze({
  "libc6 (>= 2.17)": "the binary",
  "lxc (>= 1:5.0)": "starts the containers",
  lxcfs: "/proc of a container shows its own memory, CPUs and uptime",
  uidmap: "gives each container its own user ids",
  nftables: "network rules",
  iproute2: "links, addresses, routes",
  "util-linux": "namespaces and mounts",
  kmod: "loads kernel modules (overlay, veth)",
  tar: "image archives",
  passwd: "makes the group where systemd-sysusers is not there",
  "init-system-helpers (>= 1.54~)": "enables and starts the service as the host's policy says",
});

/** Packages without which something is missing that most want. */
export const RECOMMENDS = Object.freeze({
  mmdebstrap: "builds Debian and Ubuntu images",
  skopeo: "fetches images from registries",
  openssl: "hashes passwords for guests",
  "debian-archive-keyring": "checks Debian's signatures",
  "ca-certificates": "HTTPS",
  "busybox-static": "the built-in image",
  zstd: "image archives",
  "xz-utils": "image archives",
  "squashfs-tools": "images of squashfs",
  apparmor: "confines each container where the kernel has AppArmor",
});

/** Debian's name for a CPU. @type {Record<string, string>} */
const ARCHITECTURES = { x64: "amd64", arm64: "arm64" };

/** @param {string} cpu as Node names it @returns {string | undefined} */
export const architecture = (cpu) => ARCHITECTURES[cpu];

/**
 * A version as dpkg orders it: what semver calls a pre-release comes before the release. `undefined` for anything else.
 * @param {string} version
 */
export function debianVersion(version) {
  const [, core, pre] = /^(\d+\.\d+\.\d+)(?:-([0-9A-Za-z.]+))?$/.exec(version) ?? [];
  return core && (pre ? `${core}~${pre}` : core);
}

/**
 * The control file.
 * @param {{ version: string, architecture: string, size: number }} about size: installed, in KiB
 */
export function control({ version, architecture, size }) {
  return `${[
    "Package: warren",
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    "Section: admin",
    "Priority: optional",
    "Maintainer: The Warren maintainers <warren@example.org>",
    `Installed-Size: ${size}`,
    `Depends: ${Object.keys(DEPENDS).join(", ")}`,
    `Recommends: ${Object.keys(RECOMMENDS).join(", ")}`,
    "Description: many virtual private servers on one Linux kernel",
    " Each container is a whole server, with its own init, users, files, network and",
    " limits, running at native speed on the host's own kernel; its limits change",
    " while it runs.",
    " .",
    " This package holds daemon and command line in one program.",
  ].join("\n")}\n`;
}
