import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { command, type Daemon, daemon, output } from "../command.ts";
import type { Contender } from "../contender.ts";
import { pack } from "./peer.ts";

/**
 * Warren: one daemon, and the command line in one of its two ways. `binary` is dist/warren; with `clone` the command
 * line of a clone in which nothing was built is measured. Containers are made of `tree` where it is given, else of the
 * built-in image, which is the same.
 */
export function warren(
  name: string,
  dir: string,
  way: { binary: string; clone?: string; daemon: boolean; tree?: string },
): Contender {
  const log = `${dir}/said-${way.clone ? "source" : "binary"}`;
  const env = { WARREN_DIR: dir };
  const client = way.clone ? `${dir}/clone/bin/warren` : way.binary;
  const run = (...args: string[]): void => command([client, ...args], log, env);
  const about = (container: string): { initPid: number; addresses: string[] } =>
    JSON.parse(output([client, "info", container, "-o", "json"], log, env));
  let served: Daemon | undefined;

  return {
    name,
    dir,
    crowd: way.daemon,
    pids: () => (served ? [served.pid] : []),
    async open() {
      mkdirSync(dir, { recursive: true, mode: 0o711 });
      if (way.clone) unbuilt(way.clone, `${dir}/clone`);
      if (way.daemon) {
        const ready = (): void => command([way.binary, "version"], log, env);
        served = await daemon([way.binary, "daemon"], `${dir}/daemon.log`, ready, env);
      }
      if (way.tree) {
        pack(way.tree, `${dir}/image.tar`, log);
        run("image", "import", `${dir}/image.tar`, "--alias", "bench");
      }
      return {
        version: output([client, "version", "--client"], log, env).split("\n")[0] ?? "",
        how: way.clone ? "bin/warren from source, the same daemon" : "dist/warren, defaults",
      };
    },
    launch: (container) => run("launch", way.tree ? "bench" : "busybox", container),
    exec: (container) => run("exec", container, "true"),
    list: () => run("list"),
    kill: (container) => run("stop", "--force", container),
    start: (container) => run("start", container),
    remove: (container) => run("delete", "--force", container),
    inside: {
      run: (container, argv) => ({ argv: [client, "exec", "-T", "-n", container, "--", ...argv], env }),
      init: (container) => about(container).initPid,
      address: (container) =>
        about(container)
          .addresses.find((a) => a.includes("."))
          ?.split("/")[0] ?? "",
      enter: () => [],
      counters: (container) => ({ argv: [client, "counters", container, "-o", "json"], env }),
    },
    async close() {
      if (!served) return;
      try {
        command([way.binary, "delete", "--all", "--force"], log, env);
      } finally {
        await served.stop();
      }
    },
  };
}

/** A clone as it is before `npm run build`: bin/warren looks for dist/warren beside itself. */
function unbuilt(clone: string, at: string): void {
  mkdirSync(`${at}/bin`, { recursive: true });
  copyFileSync(`${clone}/bin/warren`, `${at}/bin/warren`);
  for (const part of ["src", "node_modules", "package.json"])
    symlinkSync(`${clone}/${part}`, `${at}/${part}`);
}
