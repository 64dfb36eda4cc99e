import { lstatSync, readdirSync, statfsSync } from "node:fs";
import { command, type Daemon, daemon, output } from "../../command.ts";
import { pack } from "../../contenders/peer.ts";
import { run as started } from "../run.ts";
import type { Side } from "../side.ts";

/** Files that take most, with what they take on disk; directories together. */
function largest(dir: string): string {
  const all = readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = `${entry.parentPath}/${entry.name}`;
    return {
      path: path.slice(dir.length),
      directory: entry.isDirectory(),
      bytes: lstatSync(path).blocks * 512,
    };
  });
  const files = all.filter(({ directory }) => !directory).sort((a, b) => b.bytes - a.bytes);
  const directories = all.filter(({ directory }) => directory);
  const sum = directories.reduce((bytes, each) => bytes + each.bytes, 0);
  const first = files.slice(0, 4).map(({ path, bytes }) => `${path} ${bytes}`);
  return `${first.join(", ")}; ${files.length - first.length} more files; ${directories.length} directories ${sum} bytes`;
}

/** Unmounts when the last process that uses it has ended. */
async function unmounted(path: string, log: string): Promise<void> {
  for (let tries = 40; ; tries--) {
    try {
      return command(["umount", path], log);
    } catch (error) {
      if (tries === 0) throw error;
      await Bun.sleep(500);
    }
  }
}

/** Warren with its defaults, everything of it on the file system that is measured. */
export function warren(binary: string, log: string): Side {
  let env = { WARREN_DIR: "" };
  let run = "";
  let served: Daemon | undefined;
  const warren = (...args: string[]): void => command([binary, ...args], log, env);
  const image = (n: number): string => `bench/${n}`;
  const uuidOf = (name: string): string =>
    JSON.parse(output([binary, "info", name, "-o", "json"], log, env)).uuid;

  return {
    name: "Warren",
    filesystem: "ext4",
    most: 1000,
    pids: () => (served ? [served.pid] : []),
    async open(at, trees) {
      env = { WARREN_DIR: `${at}/warren` };
      command(["mkdir", "-m", "0711", env.WARREN_DIR], log);
      // As on every host: /run is memory.
      run = `${env.WARREN_DIR}/run`;
      command(["mkdir", "-m", "0711", run], log);
      command(["mount", "-t", "tmpfs", "-o", "mode=0711", "warren", run], log);
      // Ctrl-C is not for it: it has to take the containers away first.
      const argv = ["setsid", binary, "daemon"];
      served = await daemon(argv, `${log}.daemon`, () => warren("version"), env);
      for (const [n, tree] of trees.entries()) {
        pack(tree, `${at}/image.tar`, log);
        warren("image", "import", `${at}/image.tar`, "--alias", image(n));
        command(["rm", `${at}/image.tar`], log);
      }
      return {
        version: output([binary, "version", "--client"], log, env).split("\n")[0] ?? "",
        how: "`launch --wait`, defaults: overlay over the image's tree, whose files are links to objects; lxcfs, network with two addresses",
      };
    },
    async launch(name, n) {
      await started([binary, "launch", image(n), name, "--wait"], { env });
      return JSON.parse(await started([binary, "info", name, "-o", "json"], { env })).initPid;
    },
    told() {
      const { total, containers } = JSON.parse(output([binary, "share", "report", "-o", "json"], log, env));
      const { blocks, bfree, bsize } = statfsSync(run);
      const own = containers.map(({ diskPrivate }: { diskPrivate: number }) => diskPrivate);
      return [
        `\`share report\` of all: ${JSON.stringify(total)}; private to one container: ${Math.min(...own)} to ${Math.max(...own)} bytes`,
        `run-time files in memory (/run): ${Math.round(((blocks - bfree) * bsize) / containers.length)} bytes a container`,
        `the largest of what container c0 has of its own: ${largest(`${env.WARREN_DIR}/lib/containers/${uuidOf("c0")}`)}`,
      ];
    },
    async close() {
      if (!served) {
        if (run) await unmounted(run, log);
        return;
      }
      try {
        warren("delete", "--all", "--force");
      } finally {
        await served.stop();
        await unmounted(run, log);
      }
    },
  };
}
