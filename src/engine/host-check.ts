import { readFileSync } from "node:fs";
import { release } from "node:os";
import { apparmor } from "../host/apparmor/index.ts";
import { capacity } from "../host/capacity/index.ts";
import { onBtrfs } from "../host/capacity/storage.ts";
import { run, which } from "../host/exec/index.ts";
import { kernelLogLack } from "../host/kmsg/index.ts";
import { alive, isStale } from "../host/lxcfs/index.ts";
import { apparmorProfile, boundingSet } from "../host/proc/index.ts";
import { capabilityNames } from "../spec/capabilities.ts";
import { asWarrenError } from "../spec/errors.ts";
import { HOST_SYSCTLS, type HostSysctl } from "../spec/sysctl.ts";
import type { Context } from "./context.ts";
import type { HostCheck } from "./index.ts";
import { tryRoot } from "./root-probe.ts";

const ok = (name: string, message: string): HostCheck => ({ name, state: "ok", message, fix: "" });
const warn = (name: string, message: string, fix: string): HostCheck => ({
  name,
  state: "warn",
  message,
  fix,
});
const missing = (name: string, message: string, fix: string): HostCheck => ({
  name,
  state: "missing",
  message,
  fix,
});

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

/** Tools, the Debian package each comes in, and what goes without it. */
const TOOLS: readonly [tool: string, pkg: string, need: "must" | "may", without: string][] = [
  ["lxc-start", "lxc", "must", "no container starts"],
  ["lxc-attach", "lxc", "must", "exec and shell don't work"],
  ["nft", "nftables", "must", "no network"],
  ["ip", "iproute2", "must", "no network"],
  ["unshare", "util-linux", "must", "no id ranges"],
  ["lxcfs", "lxcfs", "may", "guests see the host's memory and processors"],
  ["mmdebstrap", "mmdebstrap", "may", "Debian and Ubuntu images can't be built"],
  ["skopeo", "skopeo", "may", "images can't be fetched from registries"],
  ["openssl", "openssl", "may", "containers can't be given a password"],
  ["busybox", "busybox-static", "may", "the built-in busybox image can't be made"],
  ["zstd", "zstd", "may", "zstd archives can't be read or written"],
  ["unsquashfs", "squashfs-tools", "may", "squashfs images can't be read"],
  ["xz", "xz-utils", "may", "xz archives can't be read or written"],
];

/** Looks at all Warren needs of the host; every piece that is missing comes with its cure. */
export async function hostChecks(c: Context): Promise<{ ok: boolean; checks: HostCheck[] }> {
  const checks = [
    kernel(),
    namespaces(),
    await roots(c),
    ...inodes(c),
    groups(c),
    ...TOOLS.map(tool),
    subordinateIds("/etc/subuid"),
    subordinateIds("/etc/subgid"),
    lxcfs(c),
    await confinement(c),
    await forwarding(),
    resource(),
    crashes(),
    kernelLog(),
    diskShares(c),
    ...HOST_SYSCTLS.map(sysctl),
  ];
  return { ok: checks.every((check) => check.state !== "missing"), checks };
}

function kernel(): HostCheck {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 5 || (major === 5 && minor >= 19)
    ? ok("kernel", `Linux ${release()}`)
    : missing(
        "kernel",
        `Linux ${release()} can't shift the ids of overlay layers`,
        "use Linux 5.19 or newer",
      );
}

/** Without one of the kernel's two ways to share a disk by weight, all get what they ask for first. */
function diskShares(c: Context): HostCheck {
  const { disks, sharing } = capacity(c.instance.state);
  const of = disks.join(", ");
  if (disks.length === 0)
    return warn(
      "disk limits",
      "the disk of the containers' files isn't known",
      "keep the state directory on a disk",
    );
  if (sharing !== null) return ok("disk limits", `rates, and shares by ${sharing}, of ${of}`);
  const fix = "give the disk the scheduler bfq: echo bfq > /sys/block/DISK/queue/scheduler";
  return warn("disk limits", `rates of ${of}; nothing shares it by io.weight`, fix);
}

function namespaces(): HostCheck {
  const most = read("/proc/sys/user/max_user_namespaces");
  if (most === "")
    return missing("user namespaces", "the kernel has none", "use a kernel with CONFIG_USER_NS");
  return most === "0"
    ? missing("user namespaces", "they are switched off", "sysctl user.max_user_namespaces=15000")
    : ok("user namespaces", `at most ${most}`);
}

/** Mounts a small root for real: nothing else tells whether this file system can. */
async function roots(c: Context): Promise<HostCheck> {
  try {
    await tryRoot(c.instance.state);
    return ok("overlay on idmapped layers", `works in ${c.instance.state}`);
  } catch (error) {
    const { message } = asWarrenError(error);
    return missing(
      "overlay on idmapped layers",
      `${c.instance.state}: ${message}`,
      "keep the state directory on ext4 or xfs, and load the overlay module",
    );
  }
}

/** Images and containers are two subvolumes there, whose inode numbers overlay does not tell apart. */
function inodes(c: Context): HostCheck[] {
  if (!onBtrfs(c.instance.state)) return [];
  return [
    warn(
      "inode numbers",
      `${c.instance.state} is on btrfs: two files of a guest can carry one number, which may mislead cp -a, tar and rsync -H in it`,
      "give containers a pool of their own: warren pool create NAME --size SIZE, warren pool set-default NAME",
    ),
  ];
}

function groups(c: Context): HostCheck {
  const want = ["cpu", "cpuset", "memory", "pids"].filter(
    (controller) => !c.cgroups.controllers.has(controller),
  );
  return want.length === 0
    ? ok("control groups", `${c.cgroups.dialect} with ${[...c.cgroups.controllers].sort().join(", ")}`)
    : warn(
        "control groups",
        `${c.cgroups.dialect} without ${want.join(", ")}: their levels are not supported`,
        "boot without cgroup_disable= and with these controllers",
      );
}

function tool([name, pkg, need, without]: (typeof TOOLS)[number]): HostCheck {
  if (which(name) !== null) return ok(name, which(name)!);
  return (need === "must" ? missing : warn)(name, `not installed: ${without}`, `apt-get install ${pkg}`);
}

function subordinateIds(path: string): HostCheck {
  const has = read(path)
    .split("\n")
    .some((line) => line.startsWith("root:"));
  return has
    ? ok(path, "root has a range")
    : warn(
        path,
        "root has no range: another tool may give out Warren's ids",
        "run `npm run setup`, or add root:1000000:1000000000",
      );
}

function lxcfs(c: Context): HostCheck {
  if (c.lxcfs === null)
    return warn(
      "lxcfs",
      "not running: guests see the host's memory and processors",
      "install lxcfs and restart the daemon",
    );
  if (!alive(c.lxcfs))
    return missing(
      "lxcfs",
      `the one at ${c.lxcfs} ended: reading /proc fails in running containers until it is back`,
      "see the daemon's log; restarting the daemon tries at once",
    );
  const dir = c.lxcfs;
  const behind = c.runtime.names().filter((name) => isStale(c.runtime.get(name)!.initPid, dir));
  return behind.length === 0
    ? ok("lxcfs", `serves ${dir}`)
    : warn("lxcfs", `${behind.join(", ")} can't see their own memory and processors`, "restart the daemon");
}

async function confinement(c: Context): Promise<HostCheck> {
  const { active, lacks } = apparmor();
  if (!active) return ok("AppArmor", "this kernel has none enabled");
  if (lacks || !c.apparmor) {
    const { what, cure } = lacks ?? { what: "the daemon began without it", cure: "restart the daemon" };
    return warn("AppArmor", `the kernel has it, ${what}: containers run unconfined by it`, cure);
  }
  const refused = await c.apparmor.load().then(
    () => null,
    (error) => asWarrenError(error),
  );
  if (refused) return missing("AppArmor", `${refused.message}: no container can start`, refused.fix);
  // Who takes the profile away (aa-remove-unknown) frees those that run of it, and loading it again does not reach them.
  const free = c.runtime.names().filter((name) => {
    const live = c.runtime.get(name);
    return live && /^unconfined\b/.test(apparmorProfile(live.initPid) ?? "");
  });
  return free.length === 0
    ? ok("AppArmor", "containers are confined by a profile, each with a policy namespace of its own")
    : warn(
        "AppArmor",
        `${free.join(", ")} not confined: the profile was taken away, or came later`,
        `warren restart ${free.join(" ")}`,
      );
}

/** Docker and others set the policy of the forward chain to drop, which cuts off every container of ours. */
async function forwarding(): Promise<HostCheck> {
  const { code, stdout } = await run(["nft", "list", "chain", "ip", "filter", "FORWARD"], { ok: [0, 1] });
  return code === 0 && stdout.includes("policy drop")
    ? warn(
        "forwarding",
        "another tool drops forwarded packets by default (table ip filter): containers can't reach the outside",
        "allow the containers' links there: iptables -I FORWARD -i wr-+ -j ACCEPT and -o wr-+",
      )
    : ok("forwarding", "nothing else drops forwarded packets");
}

function kernelLog(): HostCheck {
  const lack = kernelLogLack();
  return lack === null
    ? ok("kernel log", "tells which processes are killed for want of memory")
    : warn(
        "kernel log",
        `/dev/kmsg can't be read (${lack}): counters don't name the processes that were killed`,
        "give the daemon /dev/kmsg and CAP_SYSLOG",
      );
}

function resource(): HostCheck {
  const bits = boundingSet(process.pid);
  return bits !== null && capabilityNames(bits).includes("sys_resource")
    ? ok("CAP_SYS_RESOURCE", "limits can be raised")
    : warn(
        "CAP_SYS_RESOURCE",
        "missing: a limit above the inherited one can't be set",
        "run the daemon with this capability",
      );
}

/** A program that the kernel starts for each crash runs as the host's root, outside of every level (core(5)). */
function crashes(): HostCheck {
  const pattern = read("/proc/sys/kernel/core_pattern");
  if (!pattern.startsWith("|")) return ok("core files", "a crash in a guest starts nothing on the host");
  return warn(
    "core files",
    `each crash in a guest starts ${pattern.slice(1).split(" ")[0]} on the host, outside of its levels`,
    "sysctl kernel.core_pattern=core, or bound how many run at a time: sysctl kernel.core_pipe_limit=4",
  );
}

function sysctl({ name, atLeast, why }: HostSysctl): HostCheck {
  const value = read(`/proc/sys/${name.replaceAll(".", "/")}`);
  if (value === "" || Number(value) >= atLeast) return ok(name, value || "not there");
  return warn(name, `${value} is little for many containers: ${why}`, `sysctl ${name}=${atLeast}`);
}
