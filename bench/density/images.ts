/** Three images with common packages, each built on its own, as on three days. */
import { mkdirSync, rmSync } from "node:fs";
import { command, daemon } from "../command.ts";
import { run } from "./run.ts";

/** What each has besides a plain debian/13. */
export const ADDED: readonly (readonly string[])[] = [
  [],
  ["nginx-light"],
  ["python3-minimal", "openssh-server"],
];

const INSTALL = `set -e; export DEBIAN_FRONTEND=noninteractive
apt-get -q update; apt-get -q -y --no-install-recommends install "$@"; apt-get clean; rm -rf /var/lib/apt/lists/*`;

/** Makes the archives with a Warren of its own in `dir`, and unpacks them below it. Takes three to five minutes. */
export async function trees(binary: string, dir: string, say: (line: string) => void): Promise<string[]> {
  const env = { WARREN_DIR: `${dir}/kitchen` };
  const log = `${dir}/kitchen.said`;
  const warren = (...args: string[]): Promise<string> => run([binary, ...args], { env });
  // 0700 around the trees: users of the host see no set-uid file.
  command(["mkdir", "-m", "0711", env.WARREN_DIR], log);
  mkdirSync(`${dir}/trees`, { mode: 0o700 });
  const ready = (): void => command([binary, "version"], log, env);
  const served = await daemon(["setsid", binary, "daemon"], `${log}.daemon`, ready, env);
  try {
    const made: string[] = [];
    for (const [n, packages] of ADDED.entries()) {
      await warren("image", "build", "debian/13", "--force");
      let name = "debian/13";
      if (packages.length > 0) {
        name = `made/${n}`;
        await warren("launch", "debian/13", "made", "--wait");
        await warren("exec", "made", "--", "/bin/sh", "-c", INSTALL, "install", ...packages);
        await warren("stop", "made");
        // Without its keys sshd fails at each boot, five times, and logs that.
        await warren("image", "publish", "made", name, "--keep-ssh-keys");
        await warren("delete", "--force", "made");
      }
      const [archive, tree] = [`${dir}/kitchen/image.tar`, `${dir}/trees/${n}`];
      await warren("image", "export", name, archive, "--compression", "none");
      mkdirSync(tree);
      const how = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--strip-components=1"];
      await run(["tar", "-x", ...how, "-f", archive, "-C", tree, "rootfs"]);
      rmSync(archive);
      made.push(tree);
      say(`image ${n}: debian/13 ${packages.join(" ")}`);
    }
    return made;
  } finally {
    await warren("delete", "--all", "--force").catch((error) => say(String(error)));
    await served.stop();
    rmSync(env.WARREN_DIR, { recursive: true, force: true });
  }
}
