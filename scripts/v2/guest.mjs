import { spawn } from "node:child_process";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostAuthorities } from "./mirrors.mjs";
import { imagePlaces, REPOSITORY } from "./places.mjs";
import { HOST_NAME } from "./recipe.mjs";
import { Refusal, run, toolEnv } from "./tool.mjs";

/** Where the clone lies in the guest. */
export const CLONE = "/root/warren";

/** What a command in the guest finds in its environment: the pinned Bun first, and the name of the place it runs in. */
const PREAMBLE = `export PATH=${CLONE}/bin:${CLONE}/node_modules/@oven/bun-linux-x64/bin:$PATH WARREN_V2=1; cd ${CLONE}`;

/** Packages that only check, format or fetch; large, and of no use where tests run. */
const NOT_COPIED = [
  "@biomejs",
  "@typescript",
  "typescript",
  "@oven/bun-linux-x64-baseline",
  "@oven/bun-linux-aarch64",
];

/** Arguments of ssh into the machine; the host key is the one made with the image. */
function sshArgv({ port, hash }, flags = []) {
  const { key, knownHosts } = imagePlaces(hash);
  const options = [
    ...[
      "BatchMode=yes",
      "IdentitiesOnly=yes",
      "StrictHostKeyChecking=yes",
      "LogLevel=ERROR",
      "ConnectTimeout=60",
    ],
    ...[`UserKnownHostsFile=${knownHosts}`, `HostKeyAlias=${HOST_NAME}`, "ServerAliveInterval=30"],
  ];
  const settings = options.flatMap((option) => ["-o", option]);
  return ["ssh", "-F", "none", ...flags, "-i", key, ...settings, "-p", String(port), "root@127.0.0.1"];
}

/** A word as the guest's shell reads it back: ssh joins its arguments and hands them to a shell. */
export function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Runs one line of the guest's shell and resolves like `run` of tool.mjs. */
export function inGuest(machine, line, options = {}) {
  return run([...sshArgv(machine), line], options);
}

/** Runs a command in the clone, its output going straight to ours; resolves to its exit code. */
export async function command(machine, words, { timeout = 3_600_000 } = {}) {
  const line = `${PREAMBLE} && exec ${words.map(quote).join(" ")}`;
  const { code } = await run([...sshArgv(machine), line], { stdio: "inherit", ok: null, timeout });
  return code;
}

/** An interactive shell in the clone; resolves to its exit code. */
export function shell(machine) {
  const [tool, ...args] = [...sshArgv(machine, ["-t"]), `${PREAMBLE}; exec bash -i`];
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: "inherit", env: toolEnv() });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** True when the machine's SSH server greets; qemu itself accepts every connection. */
export function greets({ port }) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(5_000, () => end(false));
    socket.on("data", (data) => end(data.toString().startsWith("SSH-")));
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
  });
}

/** Makes the guest trust what this host trusts. */
export async function pushAuthorities(machine) {
  const file = hostAuthorities();
  if (!file) return;
  const input = readFileSync(file, "utf8");
  await inGuest(machine, "cat > /etc/ssl/certs/ca-certificates.crt", { input });
}

/** Copies the clone as it lies in the work tree: tracked files and new ones, not what git ignores. */
export async function pushClone(machine) {
  const list = ["git", "-C", REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await run(list);
  const names = stdout.split("\0").filter((name) => name !== "" && exists(join(REPOSITORY, name)));
  const clear = `mkdir -p ${CLONE} && find ${CLONE} -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +`;
  const unpack = `${clear} && tar -C ${CLONE} --no-same-owner -xf - && ls ${CLONE}`;
  const there = await pushTar(
    machine,
    ["-C", REPOSITORY, "-cf", "-", "--null", "-T", "-"],
    unpack,
    names.join("\0"),
  );
  // They change seldom and weigh a hundred times as much: once for each boot is enough.
  if (there.split("\n").includes("node_modules")) return;
  if (!exists(join(REPOSITORY, "node_modules")))
    throw new Refusal("no node_modules to copy; first: npm run setup");
  const excluded = NOT_COPIED.map((name) => `--exclude=node_modules/${name}`);
  const args = ["-C", REPOSITORY, ...excluded, "-cf", "-", "node_modules"];
  await pushTar(machine, args, `tar -C ${CLONE} --no-same-owner -xf -`);
}

/** Where tests make their files there: on a disk, for its /tmp is held in its memory, where nothing is written to or counted. */
export const GUEST_TMPDIR = "/var/tmp";

/** Where tests keep the Debian images they built, here and there (tests/helpers/guest-image.ts). */
const KEPT_IMAGES = join(tmpdir(), "warren-test-images");

/**
 * Takes along the images that the tests of this host built last: there each takes minutes. One that was made by other
 * code than the clone's has another name, and the test builds its own.
 */
export async function pushGuestImages(machine) {
  const place = `${GUEST_TMPDIR}/warren-test-images`;
  const unpack = `mkdir -p -m 700 ${place} && tar -C ${place} -xf -`;
  // By size too: a transfer that was cut off leaves a part. Half a gigabyte takes minutes where instructions are emulated.
  const there = await inGuest(machine, `cd ${place} && stat -c '%n %s' -- *.tar`, { ok: null });
  const has = new Set(there.stdout.split("\n"));
  const kept = exists(KEPT_IMAGES) ? newestImages(readdirSync(KEPT_IMAGES)) : [];
  const names = kept.filter((name) => !has.has(`${name} ${lstatSync(join(KEPT_IMAGES, name)).size}`));
  if (names.length === 0) return;
  await pushTar(machine, ["-C", KEPT_IMAGES, "-cf", "-", "--", ...names], unpack);
}

/** The last written archive of each image, `debian-13-systemd-HASH.tar`. */
function newestImages(names) {
  const written = (name) => lstatSync(join(KEPT_IMAGES, name)).mtimeMs;
  const archives = names.filter((name) => /-[\da-f]{12}\.tar$/.test(name));
  const ordered = archives.sort((a, b) => written(a) - written(b));
  return [...new Map(ordered.map((name) => [name.replace(/-[\da-f]{12}\.tar$/, ""), name])).values()];
}

/** Runs tar here and feeds what it packs to a line of the guest's shell; resolves to what that prints. */
async function pushTar(machine, args, unpack, input = "") {
  const tar = spawn("tar", args, { stdio: ["pipe", "pipe", "inherit"], env: toolEnv() });
  const packed = new Promise((resolve, reject) => {
    tar.on("error", reject);
    tar.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))));
  });
  tar.stdin.end(input);
  const unpacked = inGuest(machine, unpack, { input: tar.stdout, timeout: 600_000 });
  return (await Promise.all([unpacked, packed]))[0].stdout;
}

function exists(path) {
  try {
    return lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}
