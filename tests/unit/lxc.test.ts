import { describe, expect, test } from "bun:test";
import {
  complaints,
  endOfInit,
  fstabEscape,
  isCrash,
  monitorOf,
  renderConfig,
} from "../../src/host/lxc/text.ts";

const line = (level: string, text: string): string =>
  `lxc-start web 20261122193636.759 ${level} start - ../src/lxc/start.c:${text}`;
const exited = line("DEBUG   ", "signal_handler:464 - Container init process 11983 exited");
const closing = (text: string): string => line("DEBUG   ", `__lxc_start:2147 - ${text}`);

describe("how init ended, in the monitor's words", () => {
  test.each([
    ["poweroff", [exited, closing('Interrupt(2) - Container "web" is halting')], "halt"],
    ["reboot", [exited, closing('Hangup(1) - Container "web" is rebooting')], "reboot"],
    ["killed", [exited, closing('Killed(9) - Container "web" init exited')], "kill"],
    ["exited by itself", [exited], "exit"],
    [
      "the last of several counts",
      [
        closing('Hangup(1) - Container "web" is rebooting'),
        closing('Interrupt(2) - Container "web" is halting'),
      ],
      "halt",
    ],
  ] as const)("%s", (_, lines, how) => expect(endOfInit(lines.join("\n"))?.how).toBe(how));

  test("nothing yet", () => expect(endOfInit(line("INFO    ", "lxc_init:881 - initialized"))).toBeNull());
  test("the signal is named", () =>
    expect(endOfInit(closing('Segmentation fault(11) - Container "web" init exited'))?.reason).toBe(
      "init was killed by Segmentation fault(11)",
    ));

  test.each([
    ["halt", "systemd", false],
    ["kill", "systemd", true],
    ["kill", "other", true],
    ["exit", "systemd", true],
    ["exit", "other", false],
  ] as const)("%s of %s is a failure: %p", (how, init, crash) =>
    expect(isCrash({ how, reason: "" }, init)).toBe(crash),
  );
  test("an unknown end is none", () => expect(isCrash(null, "systemd")).toBe(false));
});

test("complaints are LXC's errors without their place", () => {
  const log = [
    line("ERROR   ", 'start:2197 - No such file or directory - Failed to exec "/sbin/init"'),
    exited,
  ].join("\n");
  expect(complaints(log)).toEqual(['No such file or directory - Failed to exec "/sbin/init"']);
});

describe("monitors", () => {
  test.each([
    [["[lxc monitor] /run/warren/lxc web"], "web"],
    [["[lxc monitor]", "/run/warren/lxc", "web"], "web"],
    [["[lxc monitor] /run/warren/lxc2 web"], null],
    [["[lxc monitor] /run/other/lxc web"], null],
    [["bash"], null],
    [[], null],
  ])("%j is the monitor of %p", (words, name) => expect(monitorOf(words, "/run/warren/lxc")).toBe(name));
});

describe("the configuration", () => {
  const config = renderConfig({
    name: "web",
    rootfs: "/run/warren/rootfs/u/root",
    base: 1_000_000,
    size: 65_536,
    cgroup: "warren/web",
    monitorCgroup: "warren.monitor/web",
    initCommand: ["/sbin/init"],
    link: "wr-0",
    addresses: ["10.83.0.2", "fd57::2"],
    mtu: 1400,
    opener: "/run/warren/opener/init",
    pts: "/run/warren/rootfs/u/pts",
    shm: "/run/warren/rootfs/u/shm",
    lxcfs: "/run/my dir/lxcfs",
    seccomp: "/usr/share/lxc/config/common.seccomp",
    apparmor: null,
    consoleLog: "/c",
    run: "/run/warren/lxc/web",
    hook: "/run/warren/hook",
    mergeMemory: false,
    levels: [["lxc.prlimit.nofile", "64"]],
    dropCapabilities: ["sys_time"],
  }).split("\n");

  test.each([
    "lxc.idmap = u 0 1000000 65536",
    "lxc.cgroup.dir.container = warren/web",
    "lxc.cgroup.dir.container.inner = guest",
    "lxc.net.0.ipv4.address = 10.83.0.2/32",
    "lxc.net.0.ipv6.address = fd57::2/128",
    "lxc.net.0.ipv4.gateway = 169.254.0.1",
    "lxc.net.0.mtu = 1400",
    "lxc.cap.drop = sys_time",
    "lxc.init.cmd = /dev/.init /dev/console /sbin/init",
    "lxc.mount.entry = /run/warren/opener/init dev/.init none bind,create=file 0 0",
    "lxc.prlimit.nofile = 64",
    "lxc.cgroup2.devices.deny = a",
    "lxc.hook.start-host = </dev/null; set -- /run/warren/lxc/web wr-0 169.254.0.1 fe80::1; . /run/warren/hook #",
    "lxc.mount.entry = /run/my\\040dir/lxcfs/proc/meminfo proc/meminfo none bind,optional 0 0",
  ])("says %s", (wanted) => expect(config).toContain(wanted));

  test("no profile where the kernel has no AppArmor", () =>
    expect(config.filter((l) => l.includes("apparmor"))).toEqual([]));
  test("paths are escaped as fstab wants them", () => expect(fstabEscape("a\tb\\c")).toBe("a\\011b\\134c"));
});
