/** The steps of the package's test, in the order in which they stand on each other. */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RECOMMENDS } from "../deb/control.mjs";
import { greets, inGuest } from "./guest.mjs";

/** What the image has of Warren's needs and the package must bring again. */
const NEEDS = ["lxc", "uidmap", "nftables", "mmdebstrap"];

/** Longest one command may take, in ms: an image is built where every instruction is emulated. */
const PATIENCE = 1_800_000;

const APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0";

/** Levels that are saved, as the kernel must then have them: file in the container's group, and what it holds. */
const LEVELS = {
  "memory.limit=300M": ["memory.max", String(300 * 2 ** 20)],
  "cpu.limit=50%": ["cpu.max", ""],
  "pids.limit=200": ["pids.max", "200"],
};

/** What systemd must say of the service. */
const SERVICE = {
  Type: "notify",
  ActiveState: "active",
  SubState: "running",
  UnitFileState: "enabled",
  Result: "success",
};

/** Throws unless `truth`. */
function check(truth, otherwise) {
  if (!truth) throw new Error(otherwise);
}

/** The steps, each `{title, run}`; `run` resolves to what was seen and throws what was wrong. */
export function packageSteps(machine, { packages, version, next }) {
  const guest = async (line, options = {}) =>
    (await inGuest(machine, line, { timeout: PATIENCE, ...options })).stdout.trim();
  const json = async (words) => JSON.parse(await guest(`warren ${words} -o json`));
  const held = { init: 0, kernel: "" };
  /** Levels as the kernel has them. */
  const kernelLevels = () =>
    guest(
      `cd /sys/fs/cgroup/warren/web && cat ${Object.values(LEVELS)
        .map(([file]) => file)
        .join(" ")}`,
    );
  /** The same init under the same levels as before. */
  async function untouched() {
    const { initPid, state } = await json("info web");
    check(state === "running", `web is ${state}`);
    check(initPid === held.init, `init was ${held.init} and is ${initPid}`);
    const now = await kernelLevels();
    check(now === held.kernel, `levels were ${held.kernel} and are ${now}`);
    return "same init, same levels in the kernel";
  }
  const push = (file) =>
    inGuest(machine, `mkdir -p /root/packages && cat > /root/packages/${basename(file)}`, {
      input: createReadStream(file),
      timeout: PATIENCE,
    });
  const install = (file) => `${APT} install --no-install-recommends /root/packages/${basename(file)}`;

  return [
    {
      title: "the package installs with what it depends on",
      async run() {
        for (const file of Object.values(packages)) await push(file);
        await guest(`${APT} update`);
        await guest(`${APT} purge ${NEEDS.join(" ")}`);
        await guest(`${install(packages.first)} ${Object.keys(RECOMMENDS).join(" ")}`);
        return await guest("dpkg-query -W warren");
      },
    },
    {
      title: "the service runs and told systemd so itself",
      async run() {
        const shown = await guest(
          `systemctl show ${Object.keys(SERVICE)
            .map((key) => `-p ${key}`)
            .join(" ")} warren.service`,
        );
        const state = Object.entries(SERVICE).map(([key, value]) => `${key}=${value}`);
        for (const line of state) check(shown.split("\n").includes(line), `no ${line} in ${shown}`);
        const verify = await guest("systemd-analyze verify --man=no warren.service 2>&1");
        check(!/warren\.service/.test(verify), verify);
        check(
          (await guest("stat -c '%G %a' /run/warren/warren.sock")) === "warren 660",
          "the socket's group or mode",
        );
        check((await json("version")).version === version, "another version serves");
        return `${state.join(" ")}; socket of group warren`;
      },
    },
    {
      title: "warren launch debian/13 web",
      async run() {
        await guest("warren launch debian/13 web --wait");
        const { state, addresses } = await json("info web");
        check(state === "running", `web is ${state}`);
        const system = await guest("warren exec web -- systemctl is-system-running", { ok: null });
        check(system === "running", `systemd in it is ${system}`);
        check((await guest("stat -c %s /run/warren/lxc/web/log")) !== "0", "LXC's monitor logs nothing");
        return `${state}, ${addresses.join(", ")}, systemd in it is ${system}`;
      },
    },
    {
      title: "AppArmor confines it and info tells its profile",
      async run() {
        const { apparmor, initPid } = await json("info web");
        const kernel = await guest(`cat /proc/${initPid}/attr/current`);
        check(
          apparmor && kernel.startsWith(apparmor.replace(/ \(.*$/, "")),
          `info: ${apparmor}, kernel: ${kernel}`,
        );
        check(kernel.endsWith("(enforce)"), `not enforced: ${kernel}`);
        return kernel;
      },
    },
    {
      title: "levels change live",
      async run() {
        await guest(`warren set web ${Object.keys(LEVELS).join(" ")} --save`);
        const kernel = await kernelLevels();
        for (const [file, text] of Object.values(LEVELS)) check(kernel.includes(text), `${file}: ${kernel}`);
        check(/^50000 100000$/m.test(kernel), `cpu: ${kernel}`);
        const seen = await guest("warren exec web -- sh -c 'grep MemTotal /proc/meminfo'");
        check(/\b307200 kB/.test(seen), seen);
        held.kernel = kernel;
        held.init = (await json("info web")).initPid;
        return `${kernel.split("\n").join(", ")}; in the guest ${seen.replace(/ +/g, " ")}`;
      },
    },
    ...[
      ["systemctl daemon-reload", "systemctl daemon-reload"],
      ["systemctl daemon-reexec", "systemctl daemon-reexec"],
      ["systemctl restart warren", "systemctl restart warren"],
    ].map(([title, line]) => ({
      title: `levels and container hold after ${title}`,
      async run() {
        const before = await guest("cat /sys/fs/cgroup/cgroup.subtree_control");
        await guest(line);
        const after = await guest("cat /sys/fs/cgroup/cgroup.subtree_control");
        return `${await untouched()}; controllers at the top before: ${before}, after: ${after}`;
      },
    })),
    {
      title: "a killed daemon is started again by systemd, the container runs on",
      async run() {
        const before = await guest("systemctl show -P MainPID warren.service");
        await guest(`kill -9 ${before}`);
        const restarted = `p=$(systemctl show -P MainPID warren.service); [ "$p" != 0 ] && [ "$p" != ${before} ] && systemctl is-active --quiet warren.service`;
        await guest(`i=0; until ${restarted}; do i=$((i+1)); [ $i -lt 120 ] || exit 1; sleep 1; done`);
        return await untouched();
      },
    },
    {
      title: "an upgrade replaces the daemon alone and keeps the configuration",
      async run() {
        await guest(`sed -i 's/"nameservers": null/"nameservers":  null/' /etc/warren/config.json`);
        const before = await guest("md5sum /etc/warren/config.json");
        await guest(install(packages.next));
        const { version: serves } = await json("version");
        check(serves === next, `${serves} serves`);
        check((await guest("md5sum /etc/warren/config.json")) === before, "the configuration was changed");
        return `${version} to ${serves}; ${await untouched()}`;
      },
    },
    {
      title: "after a reboot of the machine it runs again under its saved levels",
      async run() {
        const unit =
          "[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\nExecStop=/bin/touch /root/halted-cleanly\\n";
        await guest(
          `printf '${unit}' | warren exec web -- sh -c 'cat > /etc/systemd/system/witness.service && systemctl start witness'`,
        );
        await rebootMachine(machine, guest);
        const running = 'warren list -o json | grep -q \'"state": *"running"\'';
        await guest(`i=0; until ${running}; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 1; done`);
        await guest(
          "i=0; until warren exec web -- true; do i=$((i+1)); [ $i -lt 60 ] || exit 1; sleep 1; done",
        );
        const kernel = await kernelLevels();
        check(kernel === held.kernel, `levels were ${held.kernel} and are ${kernel}`);
        check(
          (await guest("warren exec web -- ls /root/halted-cleanly", { ok: null })) !== "",
          "the guest was not halted by its own init when the machine went down",
        );
        held.init = (await json("info web")).initPid;
        return "running, same levels in the kernel; the guest had been halted by its own init";
      },
    },
    {
      title: "removal says what runs and leaves it running",
      async run() {
        const said = await guest(`${APT} remove warren 2>&1`);
        const line = said.split("\n").find((each) => each.startsWith("warren: ") && / web\b/.test(each));
        check(line !== undefined, `nothing about web in: ${said.slice(-800)}`);
        check((await kernelLevels()) === held.kernel, "the levels changed");
        check((await guest(`cat /proc/${held.init}/comm`)) === "systemd", "its init is gone");
        check(
          (await guest("systemctl is-active warren.service", { ok: null })) !== "active",
          "the service runs",
        );
        return line.replace("warren: ", "");
      },
    },
    {
      title: "installed again it takes up what runs",
      async run() {
        await guest(install(packages.next));
        return await untouched();
      },
    },
    {
      title: "after delete and purge nothing is left",
      async run() {
        await guest("warren delete web --force && warren image delete debian/13");
        await guest(`${APT} purge warren`);
        const looks = [
          "ls -d /etc/warren /var/lib/warren /run/warren /usr/bin/warren /sys/fs/cgroup/warren* 2>/dev/null",
          "grep warren /proc/self/mountinfo",
          "nft list tables | grep warren",
          "ip -o link | grep ' wr-'",
          "getent group warren",
          "pgrep -af '[l]xc monitor|[w]arren daemon'",
          "systemctl list-unit-files --no-legend 'warren*'",
          "systemctl list-units --failed --plain --no-legend",
        ];
        const left = await guest(looks.map((look) => `${look} || true`).join("; "));
        check(left === "", `left: ${left}`);
        return "no file, mount, group, cgroup, nft table, link, process or unit";
      },
    },
  ];
}

/** Reboots the machine from within and waits until its boot has settled. */
async function rebootMachine(machine, guest) {
  const bootId = "cat /proc/sys/kernel/random/boot_id";
  const before = await guest(bootId);
  await inGuest(machine, "systemctl reboot", { ok: null });
  for (let waited = 0; ; waited++) {
    check(waited < 600, "the machine did not come back within 600 s");
    await sleep(1000);
    if (!(await greets(machine))) continue;
    const now = await inGuest(machine, bootId, { ok: null });
    if (now.code === 0 && now.stdout.trim() !== before) break;
  }
  await guest("systemctl is-system-running --wait", { ok: null });
}
