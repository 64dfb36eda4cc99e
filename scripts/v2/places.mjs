import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** The clone that holds these scripts. */
export const REPOSITORY = join(here, "..", "..");

/** Where machines are kept, outside the repository; `WARREN_V2_DIR` moves it. */
export const CACHE =
  process.env.WARREN_V2_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "warren", "v2");

/** Hash of what the image is made from: 16 hex digits. */
export function recipeHash() {
  const hash = createHash("sha256");
  for (const file of ["recipe.mjs", "image.mjs"]) hash.update(readFileSync(join(here, file))).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** Files of one built image: all made together, in a directory that only ever appears whole. */
export function imagePlaces(hash = recipeHash()) {
  const directory = join(CACHE, hash);
  return {
    hash,
    directory,
    root: join(directory, "root.img"),
    kernel: join(directory, "vmlinuz"),
    initrd: join(directory, "initrd.img"),
    key: join(directory, "id_ed25519"),
    knownHosts: join(directory, "known_hosts"),
  };
}

/** Files of the one machine that may run from this cache. */
export function machinePlaces() {
  const directory = join(CACHE, "machine");
  return {
    directory,
    record: join(directory, "machine.json"),
    pid: join(directory, "qemu.pid"),
    console: join(directory, "console.log"),
    root: join(directory, "root.qcow2"),
    disk: (serial) => join(directory, `${serial}.qcow2`),
  };
}

/** What was learned about this host's /dev/kvm. */
export const KVM_VERDICT = join(CACHE, "kvm.json");
