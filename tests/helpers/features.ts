import { existsSync, readFileSync, statfsSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import { hostMirrors } from "../../src/host/mmdebstrap/index.ts";
import { DISTRIBUTIONS } from "../../src/plan/recipe.ts";
import { withDisk } from "./disk.ts";

/** `null`: this host has it; otherwise why it does not. */
type Probe = () => string | null;

const TOOLS = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
/** Magic numbers of statfs(2). */
const TMPFS_MAGIC = 0x01021994;
const CGROUP2_MAGIC = 0x63677270;

const tool =
  (...names: string[]): Probe =>
  () => {
    const gone = names.filter((name) => Bun.which(name, TOOLS) === null);
    return gone.length === 0 ? null : `${gone.join(", ")} not installed`;
  };

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

const succeeds = (cmd: string[], timeout = 10_000): boolean =>
  Bun.spawnSync({ cmd, env: TOOLS, timeout, stdin: "ignore", stdout: "ignore", stderr: "ignore" }).success;

const fileSystem =
  (name: string): Probe =>
  () =>
    new RegExp(`\\b${name}$`, "m").test(read("/proc/filesystems")) || succeeds(["modprobe", "-q", name])
      ? null
      : `the kernel has no ${name}`;

const atLeast =
  (major: number, minor: number): Probe =>
  () => {
    const [a = 0, b = 0] = read("/proc/sys/kernel/osrelease").split(".").map(Number.parseFloat);
    return a > major || (a === major && b >= minor) ? null : `the kernel is older than ${major}.${minor}`;
  };

const cgroup = (magic: number, what: string): Probe => {
  return () => {
    try {
      return statfsSync("/sys/fs/cgroup").type === magic ? null : `/sys/fs/cgroup is not ${what}`;
    } catch {
      return "/sys/fs/cgroup is not mounted";
    }
  };
};

const mirror: Probe = () => {
  const { archive } = hostMirrors(DISTRIBUTIONS.debian.suites);
  if (archive === undefined) return "apt on this host names no Debian mirror";
  const file = join(tmpdir(), `warren-mirror-${process.pid}`);
  const from = `${archive}/dists/stable/InRelease`;
  const reached = succeeds(["/usr/lib/apt/apt-helper", "download-file", from, file], 20_000);
  succeeds(["rm", "-f", file]);
  return reached ? null : "the Debian mirror can't be reached";
};

/** Every feature a test may ask for, and how it is found out. */
export const FEATURES = {
  root: () => (process.getuid?.() === 0 ? null : "not run by root"),
  lxc: tool("lxc-start", "lxc-attach", "lxc-stop"),
  lxcfs: tool("lxcfs"),
  uidmap: tool("newuidmap", "newgidmap"),
  nft: tool("nft"),
  iproute2: tool("ip", "tc"),
  mmdebstrap: tool("mmdebstrap"),
  skopeo: tool("skopeo"),
  e2fsprogs: tool("mkfs.ext4"),
  squashfs: tool("mksquashfs", "unsquashfs", "setcap", "setfattr"),
  busybox: tool("busybox"),
  tar: tool("tar", "zstd", "xz"),
  git: tool("git"),
  bash: tool("bash"),
  npm: tool("node", "npm"),
  zsh: tool("zsh"),
  fish: tool("fish"),
  qemu: tool("qemu-system-x86_64"),
  btrfs: () => tool("mkfs.btrfs")() ?? fileSystem("btrfs")(),
  /** Kernels may have xfs without its quota, which only a mount tells. */
  "project-quota": () =>
    tool("mkfs.xfs")() ?? (withDisk("xfs", () => true) ? null : "xfs can't be mounted with prjquota"),
  userns: () => (succeeds(["unshare", "--user", "true"]) ? null : "user namespaces can't be made"),
  netns: () => (succeeds(["unshare", "--net", "true"]) ? null : "network namespaces can't be made"),
  overlay: fileSystem("overlay"),
  /** mount_setattr(2) came with 5.12, idmapped overlay layers with 5.19. */
  idmap: atLeast(5, 19),
  "cgroup-v1": cgroup(TMPFS_MAGIC, "a version 1 or hybrid hierarchy"),
  "cgroup-v2": cgroup(CGROUP2_MAGIC, "a version 2 hierarchy"),
  apparmor: () =>
    read("/sys/module/apparmor/parameters/enabled").startsWith("Y")
      ? null
      : "the kernel has no AppArmor active",
  systemd: () => (existsSync("/run/systemd/system") ? null : "systemd does not run this host"),
  kvm: () => (existsSync("/dev/kvm") ? null : "no /dev/kvm"),
  "debian-mirror": mirror,
  x64: () => (arch() === "x64" ? null : "not an x86-64 machine"),
} as const satisfies Record<string, Probe>;

export type Feature = keyof typeof FEATURES;
