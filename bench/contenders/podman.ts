import { mkdirSync } from "node:fs";
import { command, output } from "../command.ts";
import { Absent, type Contender } from "../contender.ts";
import { enclosure, pack, tool } from "./peer.ts";

/** Runtimes tried in this order: Podman's default refuses hosts with hybrid control groups. */
const RUNTIMES = ["/usr/bin/crun", "/usr/sbin/runc"];

/** Podman as root with its defaults: no daemon, no user namespace, its own bridge. */
export function podman(dir: string, tree: string): Contender {
  const log = `${dir}/said`;
  let net: ReturnType<typeof enclosure> | undefined;
  let argv: string[] = [];
  const run = (...args: string[]): void => command([...argv, ...args], log);
  // Its default limits lie above those a root without CAP_SYS_RESOURCE may set.
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];
  const launch = (name: string): void =>
    run("run", "-d", ...limits, "--name", name, "localhost/bench", "/sbin/init");
  const remove = (name: string): void => run("rm", "-f", "-t", "0", name);

  return {
    name: "Podman",
    dir,
    crowd: true,
    async open() {
      const program = tool("/usr/bin/podman", "podman");
      mkdirSync(dir, { recursive: true });
      net = enclosure("warren-bench-podman", log);
      const places = ["--root", `${dir}/data`, "--runroot", `${dir}/run`, "--tmpdir", `${dir}/tmp`];
      const base = [
        ...net.enter,
        program,
        ...places,
        "--cgroup-manager",
        "cgroupfs",
        "--events-backend",
        "file",
      ];
      pack(tree, `${dir}/image.tar`, log);
      argv = base;
      run("import", `${dir}/image.tar`, "bench");
      let why: unknown;
      for (const runtime of RUNTIMES) {
        argv = [...base, "--runtime", runtime];
        try {
          launch("trial");
          return {
            version: output([program, "--version"], log).replace("podman version ", ""),
            how: `podman run -d, exec, ps, kill, start, rm -f -t 0; rootful, overlay, bridge, no user namespace, runtime ${runtime}`,
          };
        } catch (error) {
          why = error;
        } finally {
          remove("trial");
        }
      }
      throw new Absent(`no runtime starts a container here: ${String(why).slice(-200)}`);
    },
    launch,
    exec: (name) => run("exec", name, "true"),
    list: () => run("ps"),
    kill: (name) => run("kill", name),
    start: (name) => run("start", name),
    remove,
    async close() {
      try {
        if (argv.length > 0) run("rm", "-f", "-t", "0", "--all");
      } finally {
        net?.remove();
      }
    },
  };
}
