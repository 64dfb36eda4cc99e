import { mkdirSync } from "node:fs";
import { command, type Daemon, daemon, output } from "../../command.ts";
import { enclosure, pack, tool } from "../../contenders/peer.ts";
import { run } from "../run.ts";
import type { Side } from "../side.ts";

/** Containers that one command ends, so that it ends in time. */
const ENDED_TOGETHER = 20;

/** Docker with its defaults. No systemd boots in them: each runs `sleep`, so their own memory is no server's. */
export function docker(most: number, log: string): Side {
  let net: ReturnType<typeof enclosure> | undefined;
  let served: Daemon | undefined;
  let base: string[] = [];
  const docker = (...args: string[]): void => command([...base, ...args], log);

  return {
    name: "Docker",
    filesystem: "ext4",
    most,
    async open(at, trees) {
      const dockerd = tool("/usr/sbin/dockerd", "docker.io");
      mkdirSync(`${at}/docker`, { recursive: true });
      const socket = `unix://${at}/docker.sock`;
      base = ["/usr/bin/docker", "-H", socket];
      net = enclosure("warren-bench-density", log);
      const places = ["data-root", "exec-root"].map((name) => `--${name}=${at}/docker/${name}`);
      const argv = [
        "setsid",
        ...net.enter,
        dockerd,
        ...places,
        "--pidfile",
        `${at}/docker/pid`,
        "-H",
        socket,
      ];
      served = await daemon([...argv, "--group", "root"], `${log}.daemon`, () => docker("version"));
      for (const [n, tree] of trees.entries()) {
        pack(tree, `${at}/image.tar`, log);
        docker("import", `${at}/image.tar`, `bench:${n}`);
        command(["rm", `${at}/image.tar`], log);
      }
      return {
        version: output([...base, "version", "--format", "{{.Server.Version}}"], log),
        how: "`docker import`, `docker run -d IMAGE sleep infinity`: overlay2 and bridge, no user namespace; no systemd boots in it, so its processes are not comparable",
      };
    },
    async launch(name, n) {
      await run([...base, "run", "-d", "--name", name, `bench:${n}`, "sleep", "infinity"]);
      return Number(await run([...base, "inspect", "-f", "{{.State.Pid}}", name]));
    },
    async close() {
      try {
        const left = served
          ? output([...base, "ps", "-aq"], log)
              .split("\n")
              .filter(Boolean)
          : [];
        while (left.length > 0) docker("rm", "-f", ...left.splice(-ENDED_TOGETHER));
      } finally {
        await served?.stop();
        net?.remove();
      }
    },
  };
}
