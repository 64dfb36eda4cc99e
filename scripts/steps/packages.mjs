// @ts-check
// The Debian packages Warren stands on. Only missing ones are installed, and no service is started by it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { capture, follow } from "./command.mjs";
import { progress, Refusal, say } from "./say.mjs";

/** Package and what it is for. */
export const PACKAGES = Object.freeze({
  lxc: "starts the containers",
  lxcfs: "/proc of a container shows its own memory, CPUs and uptime",
  uidmap: "gives each container its own user ids",
  nftables: "network rules",
  iproute2: "links, addresses, routes",
  mmdebstrap: "builds Debian images",
  skopeo: "fetches images from registries",
  openssl: "hashes passwords for guests",
  "busybox-static": "the built-in image",
  "debian-archive-keyring": "checks Debian's signatures",
  "ca-certificates": "HTTPS",
  tar: "image archives",
  zstd: "image archives",
  "xz-utils": "image archives",
  "squashfs-tools": "images of squashfs",
  "util-linux": "namespaces and mounts",
  kmod: "loads kernel modules (overlay, veth)",
});

/** What this host needs beyond that. @returns {Record<string, string>} */
function extra() {
  const apparmor = "/sys/module/apparmor/parameters/enabled";
  const active = existsSync(apparmor) && readFileSync(apparmor, "utf8").startsWith("Y");
  return active ? { apparmor: "the kernel has AppArmor active, which is told profiles by its parser" } : {};
}

/** The packages that are wanted and not installed. @returns {Record<string, string>} */
export function missingPackages() {
  const wanted = { ...PACKAGES, ...extra() };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format, not a template
  const format = "${Package} ${db:Status-Status}\n";
  const { stdout, code, stderr } = capture(["dpkg-query", "-W", "-f", format, ...Object.keys(wanted)]);
  if (code === 127)
    throw new Refusal(`dpkg-query was not found: ${stderr}`, "Warren installs on Debian and Ubuntu", 5);
  const there = new Set(
    stdout.split("\n").flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]] : [])),
  );
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => !there.has(name)));
}

/**
 * apt asks nothing and starts nothing: with SYSTEMD_OFFLINE systemctl takes no notice of `start`, with RUNLEVEL invoke-rc.d
 * finds no service due. Both hold for this one call and leave no file behind, as a policy-rc.d would.
 */
const QUIET = { DEBIAN_FRONTEND: "noninteractive", SYSTEMD_OFFLINE: "1", RUNLEVEL: "1", LC_ALL: "C.UTF-8" };

const OPTIONS = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];

/** Installs packages. @param {Record<string, string>} missing */
export async function installPackages(missing) {
  const names = Object.keys(missing);
  for (const [name, why] of Object.entries(missing)) say(`needs ${name}: ${why}`);
  if (!hasLists()) await apt("reading the package lists", ["update"]);
  const install = ["install", ...OPTIONS, "-o", "Dpkg::Options::=--force-confold", ...names];
  const first = await apt(`installing ${count(names.length)}`, install, true);
  if (first) {
    // old package lists name files that are gone from the mirror
    await apt("reading the package lists again", ["update"]);
    await apt(`installing ${count(names.length)}`, install);
  }
  say(`installed ${names.join(", ")}`);
  if ("lxc" in missing) leaveBridgeOff();
}

const count = (/** @type {number} */ n) => `${n} package${n === 1 ? "" : "s"}`;

const hasLists = () =>
  existsSync("/var/lib/apt/lists") &&
  readdirSync("/var/lib/apt/lists").some((name) => /_Packages(\.\w+)?$/.test(name));

/**
 * One call of apt-get with its progress shown.
 * @param {string} title @param {string[]} args @param {boolean} [again] whether a failure may be tried again
 * @returns {Promise<boolean>} whether it failed and may be tried again
 */
async function apt(title, args, again = false) {
  const bar = progress(title);
  /** @type {string[]} */
  const said = [];
  const code = await follow(["apt-get", "-o", "APT::Status-Fd=3", ...args], {
    env: QUIET,
    status: true,
    onLine(line, from) {
      if (from !== "status") return void said.push(line);
      const [, kind, percent, what] = /^(dl|pm)status:[^:]*:([\d.]+):(.*)/.exec(line) ?? [];
      // fetching is the first half of the bar, unpacking the second
      if (kind) bar.at(Number(percent) / 2 + (kind === "pm" ? 50 : 0), what ?? "");
    },
  });
  bar.end();
  if (code === 0) return false;
  if (again) return true;
  const why = said.filter((line) => /^(E|W|Err)[: ]/.test(line)).at(-1) ?? said.at(-1) ?? "";
  throw new Refusal(
    `apt-get ${args[0]} ended with ${code}: ${why}`,
    "see `apt-get` by hand, then run it again",
  );
}

/** LXC's package turns on a bridge of its own at the next boot; Warren routes and has no use for it. */
function leaveBridgeOff() {
  if (!existsSync("/run/systemd/system")) return;
  capture(["systemctl", "daemon-reload"]);
  if (capture(["systemctl", "disable", "lxc-net.service"]).code === 0) {
    say(
      "disabled lxc-net (LXC's own bridge, which Warren does not use; `systemctl enable lxc-net` brings it back)",
    );
  }
}
