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
  const addresses = new Map<string, string>();
  const init = (name: string): number =>
    JSON.parse(output(["/usr/bin/lxc", "query", `/1.0/instances/${name}/state`], log, env)).pid;
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
    inside: {
      run: (name, argv) => ({ argv: ["/usr/bin/lxc", "exec", name, "-T", "-n", "--", ...argv], env }),
      init,
      address(name) {
        const address = addresses.get(name) ?? `198.18.64.${addresses.size + 1}`;
        if (!addresses.has(name)) connect(name, address);
        addresses.set(name, address);
        return address;
      },
      enter: () => net?.enter ?? [],
    },
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

  /** A veth pair without a bridge has no addresses; both ends get theirs here (198.18.0.0/15: RFC 2544). */
  function connect(name: string, address: string): void {
    const ip = (where: readonly string[], line: string): void =>
      command([...where, "/usr/sbin/ip", ...line.split(" ")], log);
    const state = output(["/usr/bin/lxc", "query", `/1.0/instances/${name}/state`], log, env);
    const link = JSON.parse(state).network.eth0.host_name;
    const guest = ["/usr/bin/nsenter", `--net=/proc/${init(name)}/ns/net`];
    const host = net?.enter ?? [];
    ip(guest, `address replace ${address}/32 dev eth0`);
    ip(guest, "link set eth0 up");
    ip(guest, "route replace default dev eth0 scope link");
    ip(host, `link set ${link} up`);
    ip(host, `address replace 198.18.65.1/32 dev ${link}`);
    ip(host, `route replace ${address} dev ${link}`);
  }

  function importImage(): void {
    const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
    const metadata = { architecture, creation_date: 1_700_000_000, properties: { description: "bench" } };
    writeFileSync(`${dir}/metadata.yaml`, JSON.stringify(metadata));
    pack(tree, `${dir}/image.tar`, log, { prefix: "rootfs", beside: [dir, "metadata.yaml"] });
    run("image", "import", `${dir}/image.tar`, "--alias", "bench");
    rmSync(`${dir}/image.tar`);
  }
}
