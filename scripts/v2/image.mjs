import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { hostMirrors } from "./mirrors.mjs";
import { CACHE, imagePlaces } from "./places.mjs";
import { EXCLUDED, FILES, FINISH, HOST_NAME, PACKAGES, ROOT_SIZE, SUITE } from "./recipe.mjs";
import { need, Refusal, run, say } from "./tool.mjs";

/** Builds the image if there is none for this recipe, and returns its files; `fresh` builds it again. */
export async function ensureImage({ fresh = false } = {}) {
  const places = imagePlaces();
  if (existsSync(places.directory) && !fresh) return places;
  if (process.getuid?.() !== 0) throw new Refusal("building the machine needs root; run it as root");
  if (process.arch !== "x64") throw new Refusal(`the machine is x86-64, this host is ${process.arch}`);
  need({ mmdebstrap: "mmdebstrap", mke2fs: "e2fsprogs", "ssh-keygen": "openssh-client" });
  // Only one process builds at a time (lock.mjs): what another one began was left by its death.
  for (const name of readdirSync(CACHE)) if (name.startsWith("building-")) removeTree(join(CACHE, name));
  const work = join(CACHE, `building-${process.pid}`);
  const started = Date.now();
  say(`building the ${SUITE} machine ${places.hash} in ${CACHE} (once, a few minutes)`);
  try {
    mkdirSync(work, { mode: 0o700 });
    await build(work);
    rmSync(places.directory, { recursive: true, force: true });
    renameSync(join(work, "image"), places.directory);
  } finally {
    removeTree(work);
  }
  say(`built in ${Math.round((Date.now() - started) / 1000)} s`);
  return places;
}

async function build(work) {
  const tree = join(work, "tree");
  const image = join(work, "image");
  mkdirSync(image, { mode: 0o700 });
  await run([
    "ssh-keygen",
    "-q",
    "-t",
    "ed25519",
    "-N",
    "",
    "-C",
    HOST_NAME,
    "-f",
    join(image, "id_ed25519"),
  ]);
  stage(join(work, "files"), readFileSync(join(image, "id_ed25519.pub"), "utf8"));
  await bootstrap(work, tree);
  const boot = join(tree, "boot");
  const named = (prefix) => join(boot, readdirSync(boot).find((name) => name.startsWith(prefix)) ?? prefix);
  copyFileSync(named("vmlinuz-"), join(image, "vmlinuz"));
  copyFileSync(named("initrd.img-"), join(image, "initrd.img"));
  const hostKey = readFileSync(join(tree, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8");
  writeFileSync(join(image, "known_hosts"), `${HOST_NAME} ${hostKey}`);
  // No quota feature: the kernel's module for it is not in the initrd.
  const argv = [
    "mke2fs",
    "-q",
    "-t",
    "ext4",
    "-L",
    "warren-v2",
    "-m",
    "0",
    "-d",
    tree,
    join(image, "root.img"),
    ROOT_SIZE,
  ];
  await run(argv, { timeout: 600_000 });
}

/** Lays out the recipe's files with the modes that ssh insists on. */
function stage(directory, publicKey) {
  for (const [path, text] of Object.entries({ ...FILES, "root/.ssh/authorized_keys": publicKey })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  for (const path of ["root", "root/.ssh"]) chmodSync(join(directory, path), 0o700);
}

async function bootstrap(work, tree) {
  const { main, security, options } = await hostMirrors();
  const mirror = main ?? undefined;
  const sources = mirror && [
    `deb ${mirror} ${SUITE} main`,
    `deb ${mirror} ${SUITE}-updates main`,
    ...(security ? [`deb ${security} ${SUITE}-security main`] : []),
  ];
  const hook = (command) => `--customize-hook=${command}`;
  const argv = [
    ...["nice", "-n", "10", "mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase"],
    ...["--architectures=amd64", "--components=main", `--include=${PACKAGES.join(",")}`],
    ...options.map((line) => `--aptopt=${line}`),
    ...EXCLUDED.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    hook("sync-in files /"),
    ...FINISH.map((args) => hook(`chroot "$1" ${args.join(" ")}`)),
    ...[SUITE, tree],
  ];
  const input = sources ? `${sources.join("\n")}\n` : undefined;
  await run(sources ? [...argv, "-"] : argv, { cwd: work, timeout: 1_800_000, ...(input ? { input } : {}) });
}

/** Removes what a build left; never through a mount point, were one still there. */
function removeTree(directory) {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const held = mounts.map((line) => line.split(" ")[4]).filter((path) => path?.startsWith(`${directory}/`));
  if (held.length > 0) throw new Refusal(`${held[0]} is still mounted; unmount it and remove ${directory}`);
  rmSync(directory, { recursive: true, force: true });
}
