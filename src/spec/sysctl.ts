/** Kernel limits of the whole host that many containers run into. */

/** One of them, by its name in sysctl(8). */
export interface HostSysctl {
  name: string;
  /** What serves a thousand containers; `host check` warns below it. */
  atLeast: number;
  why: string;
  /** What the package sets at boot; `null` where systemd's own value is higher and a file would lower it. */
  packaged: number | null;
}

export const HOST_SYSCTLS: readonly HostSysctl[] = [
  // They are counted for root, who made all user namespaces: with Debian's 128 the 21st container with systemd does not boot.
  {
    name: "fs.inotify.max_user_instances",
    atLeast: 8192,
    why: "systemd needs several inotify instances a container, without which it ends at once",
    packaged: 8192,
  },
  // The kernel takes a part of the memory for it, a million at most (fs/notify/inotify/inotify_user.c, 5.11).
  {
    name: "fs.inotify.max_user_watches",
    atLeast: 524_288,
    why: "guests watch many files",
    packaged: 1_048_576,
  },
  {
    name: "kernel.pid_max",
    atLeast: 131_072,
    why: "processes of all containers share the host's ids",
    packaged: null,
  },
  {
    name: "kernel.keys.maxkeys",
    atLeast: 2000,
    why: "each login and service takes a keyring",
    packaged: 2000,
  },
  // Behind these two, memory.limit is what ends a guest that takes all it can (docs/bench-isolation.md).
  {
    name: "fs.file-max",
    atLeast: 1_000_000_000,
    why: "one guest can open so many files that no other can open any",
    packaged: null,
  },
  {
    name: "kernel.pty.max",
    atLeast: 65_536,
    why: "a guest that mounts terminals of its own can take all there are",
    packaged: 65_536,
  },
  {
    name: "net.ipv4.neigh.default.gc_thresh3",
    atLeast: 4096,
    why: "each container is a neighbour",
    packaged: 4096,
  },
  {
    name: "net.ipv6.neigh.default.gc_thresh3",
    atLeast: 4096,
    why: "each container is a neighbour",
    packaged: 4096,
  },
];

/** The package's file for sysctl.d(5): read first, so that whatever another file says of the same name holds. */
export function sysctlFile(): string {
  const lines = HOST_SYSCTLS.flatMap(({ name, why, packaged }) =>
    packaged === null ? [] : [`# ${why}`, `-${name} = ${packaged}`],
  );
  return [
    "# Limits of the host that serve a thousand containers; `warren host check` tells them apart.",
    "# To change one, set it in a file of your own in /etc/sysctl.d, which is read later.",
    ...lines,
    "",
  ].join("\n");
}
