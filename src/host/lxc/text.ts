import type { InitKind } from "../../spec/container.ts";
import { VIEW_FILES } from "../lxcfs/text.ts";

/** All that LXC is told of a container (lxc.container.conf(5), LXC 5.0). */
export interface ContainerConfig {
  name: string;
  rootfs: string;
  base: number;
  size: number;
  /** Limits sit on `cgroup`, out of the guest's reach; the guest gets `cgroup/guest`. */
  cgroup: string;
  monitorCgroup: string;
  initCommand: readonly string[];
  link: string;
  addresses: readonly string[];
  mtu: number;
  /** The program that opens the console for init (`opener.ts`), where programs may be run. */
  opener: string;
  /** Where the host mounted the guest's terminals and shared memory. */
  pts: string;
  shm: string;
  /** Directory of lxcfs, or `null` where there is none. */
  lxcfs: string | null;
  seccomp: string;
  /** The label of its processes, or `null` where the kernel has no AppArmor. */
  apparmor: string | null;
  consoleLog: string;
  /** Directory of this container's run-time files. */
  run: string;
  hook: string;
  dropCapabilities: readonly string[];
  /** Whether its memory may be merged with that of others. */
  mergeMemory: boolean;
  /** More lines, for the container's levels. */
  levels: readonly (readonly [string, string])[];
}

/** Where the guest has the program that opens a terminal and becomes another. */
export const OPENER = "/dev/.init";

/** Next hops that exist on no wire: the host's side of the link answers for them (proxy ARP and NDP). */
const GATEWAY4 = "169.254.0.1";
const GATEWAY6 = "fe80::1";

/** Character devices every guest may use: null zero full random urandom tty console ptmx pts fuse tun. */
const DEVICES = ["1:3", "1:5", "1:7", "1:8", "1:9", "5:0", "5:1", "5:2", "136:*", "10:229", "10:200"];

/** Spaces and the like in paths, as fstab(5) and LXC's mount entries want them. */
export const fstabEscape = (path: string): string =>
  path.replace(/[\\ \t\n]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** The configuration file. */
export function renderConfig(c: ContainerConfig): string {
  const lines: (readonly [string, string | number])[] = [
    ["lxc.uts.name", c.name],
    ["lxc.rootfs.path", `dir:${c.rootfs}`],
    ["lxc.rootfs.managed", 0],
    ["lxc.idmap", `u 0 ${c.base} ${c.size}`],
    ["lxc.idmap", `g 0 ${c.base} ${c.size}`],
    ["lxc.init.cmd", `${OPENER} /dev/console ${c.initCommand.join(" ")}`],
    ["lxc.cgroup.dir.container", c.cgroup],
    ["lxc.cgroup.dir.container.inner", "guest"],
    ["lxc.cgroup.dir.monitor", c.monitorCgroup],
    ["lxc.autodev", 1],
    // The host mounts the guest's terminals; LXC is to make none of its own.
    ["lxc.pty.max", 0],
    ["lxc.tty.max", 0],
    ["lxc.seccomp.profile", c.seccomp],
    ["lxc.cap.drop", c.dropCapabilities.join(" ")],
    ...(c.apparmor === null ? [] : ([["lxc.apparmor.profile", c.apparmor]] as const)),
    ...devices("lxc.cgroup.devices"),
    ...devices("lxc.cgroup2.devices"),
    ["lxc.mount.auto", "proc:mixed sys:mixed"],
    // A pure cgroup2 view whatever the host has: systemd >= 256 refuses to boot on v1.
    ["lxc.mount.entry", "cgroup2 sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,create=dir 0 0"],
    ...(
      [
        [c.opener, OPENER.slice(1), "file"],
        // Twice, for LXC unmounts once what is there before it asks itself whether to mount its own.
        [c.pts, "dev/pts", "dir"],
        [c.pts, "dev/pts", "dir"],
        [`${c.pts}/ptmx`, "dev/ptmx", "file"],
        [c.shm, "dev/shm", "dir"],
      ] as const
    ).map(([from, to, kind]): [string, string] => [
      "lxc.mount.entry",
      `${fstabEscape(from)} ${to} none bind,create=${kind} 0 0`,
    ]),
    ["lxc.mount.entry", "/dev/fuse dev/fuse none bind,create=file,optional 0 0"],
    ["lxc.mount.entry", "/dev/net/tun dev/net/tun none bind,create=file,optional 0 0"],
    ...lxcfs(c.lxcfs),
    ...c.levels,
    ...network(c),
    ["lxc.console.logfile", c.consoleLog],
    // The guest writes this file: it must not fill the disk.
    ["lxc.console.size", "1MB"],
    ["lxc.console.rotate", 1],
    ["lxc.log.file", `${c.run}/log`],
    // At DEBUG the monitor tells how init ended, which it tells nowhere else.
    ["lxc.log.level", "DEBUG"],
    ["lxc.hook.start-host", hookCommand(c)],
  ];
  return `${lines.map(([key, value]) => `${key} = ${value}`).join("\n")}\n`;
}

/**
 * LXC gives `exec HOOK NAME lxc start-host` to a shell, which here reads the hook itself instead of becoming another shell
 * that does: `exec` with nothing but a redirection goes on. The comment takes LXC's own words. Nothing in /run need be
 * executable, which systems may mount so. Paths have no characters that a shell makes something of (WARREN_DIR is refused
 * with such).
 */
const hookCommand = ({ hook, run, link }: ContainerConfig): string =>
  `</dev/null; set -- ${run} ${link} ${GATEWAY4} ${GATEWAY6}; . ${hook} #`;

/** Lines that let a guest read and write one more device and show it the node that is at `source`. */
export const deviceLines = (
  { name, type, major, minor }: { name: string; type: "c" | "b"; major: number; minor: number },
  source: string,
): [string, string][] => [
  ...["lxc.cgroup.devices", "lxc.cgroup2.devices"].map((key): [string, string] => [
    `${key}.allow`,
    `${type} ${major}:${minor} rw`,
  ]),
  ["lxc.mount.entry", `${fstabEscape(source)} dev/${name} none bind,create=file 0 0`],
];

const devices = (key: string): [string, string][] => [
  [`${key}.deny`, "a"],
  [`${key}.allow`, "c *:* m"],
  [`${key}.allow`, "b *:* m"],
  ...DEVICES.map((device): [string, string] => [`${key}.allow`, `c ${device} rwm`]),
];

const lxcfs = (dir: string | null): [string, string][] =>
  dir === null
    ? []
    : VIEW_FILES.map((file) => [
        "lxc.mount.entry",
        `${fstabEscape(dir)}/${file} ${file} none bind,optional 0 0`,
      ]);

function network(c: ContainerConfig): [string, string | number][] {
  const lines: [string, string | number][] = [
    ["lxc.net.0.type", "veth"],
    ["lxc.net.0.veth.mode", "router"],
    ["lxc.net.0.veth.pair", c.link],
    ["lxc.net.0.name", "eth0"],
    ["lxc.net.0.mtu", c.mtu],
    ["lxc.net.0.flags", "up"],
  ];
  for (const address of c.addresses) {
    const six = address.includes(":");
    lines.push(
      six ? ["lxc.net.0.ipv6.address", `${address}/128`] : ["lxc.net.0.ipv4.address", `${address}/32`],
    );
    lines.push(six ? ["lxc.net.0.ipv6.gateway", GATEWAY6] : ["lxc.net.0.ipv4.gateway", GATEWAY4]);
  }
  return lines;
}

/**
 * How init ended: told the kernel to halt or reboot, was killed, or just exited, which init of a server never does in
 * good health (LXC tells no exit code).
 */
export interface InitEnd {
  how: "halt" | "reboot" | "kill" | "exit";
  reason: string;
}

/** How init ended, from the monitor's log at level DEBUG: the last line that tells. */
export function endOfInit(log: string): InitEnd | null {
  const lines = log.split("\n");
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]!;
    if (!line.includes("__lxc_start:")) continue;
    if (line.includes("is halting")) return { how: "halt", reason: "halted" };
    if (line.includes("is rebooting")) return { how: "reboot", reason: "rebooted" };
    const died = /- ([A-Za-z ]+\(\d+\)) - Container "[^"]*" init exited/.exec(line);
    if (died) return { how: "kill", reason: `init was killed by ${died[1]}` };
  }
  if (/Container init process \d+ exited/.test(log))
    return { how: "exit", reason: "init exited without halting" };
  return null;
}

/** Whether an end is a failure: what runs one program (no init we know) may well exit. */
export const isCrash = (end: InitEnd | null, init: InitKind): boolean =>
  end !== null && (end.how === "kill" || (end.how === "exit" && init !== "other"));

/** What LXC complained of, for a person: the first ERROR lines without their prefix. */
export function complaints(log: string): string[] {
  return log
    .split("\n")
    .filter((line) => / ERROR +/.test(line))
    .map((line) => line.replace(/^.* ERROR +\S+ - \S+:\d+ - /, ""));
}

/** The container that a command line `lxc-start -P PATH -n NAME -d` is about to start. */
export function starterOf(words: readonly string[], lxcPath: string): string | null {
  const [program = "", , path, , name = null] = words;
  return program.endsWith("/lxc-start") && path === lxcPath ? name : null;
}

/** Container names and pids of monitors, from command lines `[lxc monitor] PATH NAME`. */
export function monitorOf(words: readonly string[], lxcPath: string): string | null {
  const title = words.join(" ");
  const prefix = `[lxc monitor] ${lxcPath} `;
  return title.startsWith(prefix) ? title.slice(prefix.length).trim() : null;
}
