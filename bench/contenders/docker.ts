import { mkdirSync } from "node:fs";
import { command, type Daemon, daemon, output } from "../command.ts";
import type { Contender } from "../contender.ts";
import { enclosure, pack, tool } from "./peer.ts";

/** Docker with its defaults: no user namespace, its own bridge. */
export function docker(dir: string, tree: string): Contender {
  const log = `${dir}/said`;
  const socket = `unix://${dir}/docker.sock`;
  const run = (...args: string[]): void => command(["/usr/bin/docker", "-H", socket, ...args], log);
  const inspect = (name: string, format: string): string =>
    output(["/usr/bin/docker", "-H", socket, "inspect", "-f", format, name], log);
  let net: ReturnType<typeof enclosure> | undefined;
  let served: Daemon | undefined;

  return {
    name: "Docker",
    dir,
    crowd: true,
    async open() {
      const dockerd = tool("/usr/sbin/dockerd", "docker.io");
      mkdirSync(dir, { recursive: true });
      net = enclosure("warren-bench-docker", log);
      const places = ["--data-root", `${dir}/data`, "--exec-root", `${dir}/exec`, "--pidfile", `${dir}/pid`];
      const argv = [dockerd, ...places, "-H", socket, "--group", "root"];
      served = await daemon([...net.enter, ...argv], `${dir}/daemon.log`, () => run("version"));
      pack(tree, `${dir}/image.tar`, log);
      run("import", `${dir}/image.tar`, "bench");
      const format = "{{.Server.Version}}";
      return {
        version: output(["/usr/bin/docker", "-H", socket, "version", "--format", format], log),
        how: "docker run -d, exec, ps, kill, start, rm -f; defaults: overlay2, bridge, no user namespace",
      };
    },
    launch: (name) => run("run", "-d", "--name", name, "bench", "/sbin/init"),
    exec: (name) => run("exec", name, "true"),
    list: () => run("ps"),
    kill: (name) => run("kill", name),
    start: (name) => run("start", name),
    remove: (name) => run("rm", "-f", name),
    inside: {
      run: (name, argv) => ({ argv: ["/usr/bin/docker", "-H", socket, "exec", name, ...argv], env: {} }),
      init: (name) => Number(inspect(name, "{{.State.Pid}}")),
      address: (name) => inspect(name, "{{.NetworkSettings.IPAddress}}"),
      enter: () => net?.enter ?? [],
    },
    async close() {
      try {
        const left = served ? output(["/usr/bin/docker", "-H", socket, "ps", "-aq"], log) : "";
        if (left) run("rm", "-f", ...left.split("\n"));
      } finally {
        await served?.stop();
        net?.remove();
      }
    },
  };
}
