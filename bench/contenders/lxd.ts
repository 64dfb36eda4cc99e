import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { command, type Daemon, daemon, output } from "../command.ts";
import type { Contender } from "../contender.ts";
import { enclosure, pack, tool } from "./peer.ts";

/** A directory pool needs no device; a veth pair without a bridge needs no dnsmasq. */
const PRESEED = {
  storage_pools: [{ name: "default", driver: "dir" }],
  profiles: [
    {
      name: "default",
      devices: {
        root: { type: "disk", path: "/", pool: "default" },
        eth0: { type: "nic", nictype: "p2p", name: "eth0" },
      },
    },
  ],
};

/** LXD with its defaults but for the network, which has no bridge. */
export function lxd(dir: string, tree: string): Contender {
  const log = `${dir}/said`;
  const env = { LXD_DIR: `${dir}/state`, HOME: dir };
  const run = (...args: string[]): void => command(["/usr/bin/lxc", ...args], log, env);
  let net: ReturnType<typeof enclosure> | undefined;
  let served: Daemon | undefined;

  return {
    name: "LXD",
    dir,
    crowd: true,
    async open() {
      const program = tool("/usr/bin/lxd", "lxd");
      mkdirSync(env.LXD_DIR, { recursive: true });
      const name = "warren-bench-lxd";
      net = enclosure(name, log);
      // `ip netns exec` also shows the namespace's own /sys, where LXD looks for links.
      const argv = ["ip", "netns", "exec", name, program, "--group", "root", "--logfile", `${dir}/lxd.log`];
      const ready = (): void => command([program, "waitready", "--timeout", "1"], log, env);
      served = await daemon(argv, `${dir}/daemon.log`, ready, env);
      const preseed = `${dir}/preseed.json`;
      writeFileSync(preseed, JSON.stringify(PRESEED));
      const init = Bun.spawnSync([program, "init", "--preseed"], {
        stdin: Bun.file(preseed),
        env,
        stderr: "pipe",
      });
      if (init.exitCode !== 0) throw new Error(`lxd init: ${init.stderr}`);
      importImage();
      return {
        version: output(["/usr/bin/lxc", "version"], log, env).split("\n").at(-1)?.split(" ").at(-1) ?? "",
        how: "lxc launch, exec, list, stop -f, start, delete -f; unprivileged (LXD's default: one id range for all), directory pool, veth without a bridge",
      };
    },
    launch: (name) => run("launch", "bench", name, "--quiet"),
    exec: (name) => run("exec", name, "true"),
    list: () => run("list"),
    kill: (name) => run("stop", "-f", name),
    start: (name) => run("start", name),
    remove: (name) => run("delete", "-f", name),
    async close() {
      try {
        const left = served ? output(["/usr/bin/lxc", "list", "-f", "csv", "-c", "n"], log, env) : "";
        if (left) run("delete", "-f", ...left.split("\n"));
      } finally {
        await served?.stop();
        net?.remove();
      }
    },
  };

  function importImage(): void {
    const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
    const metadata = { architecture, creation_date: 1_700_000_000, properties: { description: "bench" } };
    writeFileSync(`${dir}/metadata.yaml`, JSON.stringify(metadata));
    pack(tree, `${dir}/image.tar`, log, { prefix: "rootfs", beside: [dir, "metadata.yaml"] });
    run("image", "import", `${dir}/image.tar`, "--alias", "bench");
    rmSync(`${dir}/image.tar`);
  }
}
