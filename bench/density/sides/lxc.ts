import { mkdirSync, writeFileSync } from "node:fs";
import { FIRST_ID, IDS_PER_CONTAINER } from "../../../src/spec/container.ts";
import { command, output } from "../../command.ts";
import { forget } from "../cache.ts";
import { run } from "../run.ts";
import type { Side } from "../side.ts";

/** Far above the ranges that a Warren on the same host gives out first. */
const FIRST_SLOT = 14_000;

/** How a container gets its tree. */
interface Way {
  name: string;
  filesystem: Side["filesystem"];
  how: string;
  /** Whether making a tree fills the page cache, which would not be so after a reboot of the host. */
  fills: boolean;
  /** Makes an image of a tree. */
  image(tree: string, at: string): readonly string[] | null;
  /** Makes a container's tree of an image. */
  tree(image: string, at: string): readonly string[];
}

/** A whole copy of the tree for each. */
export const COPIES: Way = {
  name: "copies",
  filesystem: "ext4",
  how: "`cp -a` of the whole tree for each container",
  fills: true,
  image: () => null,
  tree: (image, at) => ["cp", "-a", "--reflink=never", image, at],
};

/** A writable snapshot of the image's subvolume for each. */
export const SNAPSHOTS: Way = {
  name: "btrfs snapshots",
  filesystem: "btrfs",
  how: "a subvolume for each image, `btrfs subvolume snapshot` for each container",
  fills: false,
  image: (_, at) => ["btrfs", "subvolume", "create", at],
  tree: (image, at) => ["btrfs", "subvolume", "snapshot", image, at],
};

/** LXC's own tools, with trees made in one of these ways. */
export function lxc(way: Way, most: number, log: string): Side {
  const images: string[] = [];
  const started: string[] = [];
  let dir = "";
  const tool = (name: string, container: string, ...more: string[]): string[] => [
    `/usr/bin/${name}`,
    "-P",
    dir,
    "-n",
    container,
    ...more,
  ];

  return {
    name: way.name,
    filesystem: way.filesystem,
    most,
    async open(at, trees) {
      dir = `${at}/lxc`;
      mkdirSync(dir, { mode: 0o711 });
      for (const [n, tree] of trees.entries()) {
        const make = way.image(tree, `${at}/image-${n}`);
        if (make) command(make, log);
        if (make) command(["cp", "-a", `${tree}/.`, `${at}/image-${n}`], log);
        images.push(make ? `${at}/image-${n}` : tree);
      }
      return {
        version: output(["/usr/bin/lxc-start", "--version"], log),
        how: `${way.how}; lxc-start, own id range by an idmapped mount, no lxcfs, no network`,
      };
    },
    async launch(name, n) {
      const slot = FIRST_SLOT + started.push(name);
      mkdirSync(`${dir}/${name}`, { mode: 0o711 });
      await run(way.tree(images[n]!, `${dir}/${name}/root`));
      if (way.fills) {
        command(["sync", "--file-system", dir], log);
        forget(`${dir}/${name}/root`);
      }
      writeFileSync(`${dir}/${name}/config`, config(name, `${dir}/${name}/root`, slot));
      await run(tool("lxc-start", name, "-d", "-o", `${dir}/${name}/log`));
      const wait = ["/usr/bin/systemctl", "is-system-running", "--wait"];
      // "degraded" is an end of the boot too.
      await run(tool("lxc-attach", name, "--clear-env", "--", ...wait), { mayFail: true });
      const init = Number(await run(tool("lxc-info", name, "-pH")));
      if (!(init > 0)) throw new Error(`${name} ended while it booted`);
      return init;
    },
    async close() {
      for (const name of started) await run(tool("lxc-stop", name, "-k"), { mayFail: true });
    },
  };
}

const config = (name: string, root: string, slot: number): string => {
  const base = FIRST_ID + slot * IDS_PER_CONTAINER;
  return `${[
    `lxc.uts.name = ${name}`,
    `lxc.rootfs.path = dir:${root}`,
    "lxc.rootfs.options = idmap=container",
    `lxc.idmap = u 0 ${base} ${IDS_PER_CONTAINER}`,
    `lxc.idmap = g 0 ${base} ${IDS_PER_CONTAINER}`,
    "lxc.init.cmd = /sbin/init",
    "lxc.autodev = 1",
    "lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio syslog wake_alarm block_suspend",
    "lxc.mount.auto = proc:mixed sys:mixed",
    "lxc.mount.entry = cgroup2 sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,create=dir 0 0",
    "lxc.net.0.type = empty",
  ].join("\n")}\n`;
};
