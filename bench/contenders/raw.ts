import { closeSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { shiftTo } from "../../src/host/idmap/index.ts";
import { mountRoot, unmountRoot } from "../../src/host/overlay/index.ts";
import { FIRST_ID, IDS_PER_CONTAINER } from "../../src/spec/container.ts";
import { command, output } from "../command.ts";
import type { Contender } from "../contender.ts";

/** Far above the ranges that a Warren on the same host gives out first. */
const FIRST_SLOT = 15_000;
/** /usr/bin left out: where LXC finds newuidmap it spawns it twice, which root does not need (5 ms less). */
const ENV = { PATH: "/usr/sbin:/sbin" };

/** LXC's own tools on the same tree, with the same id range, overlay and routed link: what nobody can go below. */
export function raw(dir: string, tree: string): Contender {
  const slots = new Map<string, number>();
  const lxc = `${dir}/lxc`;
  const log = `${dir}/said`;
  const at = (name: string): string => `${lxc}/${name}`;
  const run = (tool: string, name: string, ...more: string[]): void =>
    command([`/usr/bin/${tool}`, "-P", lxc, "-n", name, ...more], log, ENV);

  return {
    name: "raw lxc-start",
    dir,
    crowd: true,
    async open() {
      mkdirSync(lxc, { recursive: true, mode: 0o711 });
      return {
        version: output(["/usr/bin/lxc-start", "--version"], log),
        how: "lxc-start -d, lxc-attach, lxc-stop -k; own id range, idmapped overlay and routed veth, no lxcfs, no hook, no log; launch includes the mounts, delete the unmounts",
      };
    },
    async launch(name) {
      const slot = FIRST_SLOT + slots.size;
      slots.set(name, slot);
      const base = FIRST_ID + slot * IDS_PER_CONTAINER;
      const root = `${at(name)}/root`;
      for (const sub of ["upper", "work", "root"]) mkdirSync(`${at(name)}/${sub}`, { recursive: true });
      writeFileSync(`${at(name)}/config`, config(name, root, base, slot));
      const shift = await shiftTo(base);
      try {
        mountRoot({ lowers: [tree], data: at(name), target: root, scratch: `${dir}/scratch` }, shift.fd);
      } finally {
        closeSync(shift.fd);
      }
      run("lxc-start", name, "-d");
    },
    exec: (name) => run("lxc-attach", name, "--clear-env", "--", "/bin/true"),
    list: () => command(["/usr/bin/lxc-ls", "-P", lxc, "--running"], log),
    kill: (name) => run("lxc-stop", name, "-k"),
    start: (name) => run("lxc-start", name, "-d"),
    remove(name) {
      run("lxc-stop", name, "-k");
      unmountRoot(`${at(name)}/root`);
      rmSync(at(name), { recursive: true });
    },
    inside: {
      run: (name, argv) => ({
        argv: ["/usr/bin/lxc-attach", "-P", lxc, "-n", name, "--clear-env", "--", ...argv],
        env: ENV,
      }),
      init: (name) => Number(output(["/usr/bin/lxc-info", "-P", lxc, "-n", name, "-pH"], log)),
      address: (name) => address(slots.get(name) ?? 0),
      enter: () => [],
    },
    async close() {
      for (const name of slots.keys()) {
        try {
          this.remove(name);
        } catch {
          // Most are gone already; what is not is told by the check at the end.
        }
      }
    },
  };
}

/** 198.18.0.0/15 is set aside for benchmarks (RFC 2544). */
const address = (slot: number): string =>
  `198.18.${128 + ((slot - FIRST_SLOT) >> 8)}.${(slot - FIRST_SLOT) & 255}`;

const config = (name: string, root: string, base: number, slot: number): string => {
  return `${[
    `lxc.uts.name = ${name}`,
    `lxc.rootfs.path = dir:${root}`,
    `lxc.idmap = u 0 ${base} ${IDS_PER_CONTAINER}`,
    `lxc.idmap = g 0 ${base} ${IDS_PER_CONTAINER}`,
    "lxc.init.cmd = /sbin/init",
    "lxc.autodev = 1",
    "lxc.pty.max = 1024",
    "lxc.mount.auto = proc:mixed sys:mixed",
    "lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp",
    "lxc.net.0.type = veth",
    "lxc.net.0.veth.mode = router",
    `lxc.net.0.veth.pair = rawb${slot - FIRST_SLOT}`,
    "lxc.net.0.name = eth0",
    "lxc.net.0.flags = up",
    `lxc.net.0.ipv4.address = ${address(slot)}/32`,
    "lxc.net.0.ipv4.gateway = 169.254.0.1",
  ].join("\n")}\n`;
};
