import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ACCEL_ARGS } from "./accel.mjs";
import { machinePlaces } from "./places.mjs";
import { CMDLINE, DATA_DISKS, DATA_SIZE, HOST_NAME } from "./recipe.mjs";
import { need, Refusal, run } from "./tool.mjs";

/** The running machine, `{pid, owner, port, accel, hash, since}`, or `undefined`. */
export function running() {
  const { record } = machinePlaces();
  const pid = qemuPid();
  return pid && existsSync(record) ? { pid, ...JSON.parse(readFileSync(record, "utf8")) } : undefined;
}

/** True when the process that booted the machine for itself alone has ended without stopping it. */
export function orphaned({ owner }) {
  return owner !== null && startTime(owner.pid) !== owner.started;
}

/**
 * Starts a machine with fresh disks over `image` and returns its record; does not wait for it to boot.
 *
 * `kept`: it outlives this process. Memory in MiB.
 */
export async function start(image, accel, { kept = false, memory = 2048, cpus = 2 } = {}) {
  need({ "qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils", ssh: "openssh-client" });
  if (qemuPid()) throw new Refusal("a machine is running already; stop it with: npm run v2 -- stop");
  const places = machinePlaces();
  rmSync(places.directory, { recursive: true, force: true });
  mkdirSync(places.directory, { mode: 0o700 });
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image.root, places.root]);
  for (const { serial } of DATA_DISKS)
    await run(["qemu-img", "create", "-q", "-f", "qcow2", places.disk(serial), DATA_SIZE]);
  const port = await freePort();
  const argv = [
    ...["nice", "-n", "10", "qemu-system-x86_64", "-name", HOST_NAME, "-M", "q35", ...ACCEL_ARGS[accel]],
    ...["-smp", String(cpus), "-m", String(memory), "-nodefaults", "-display", "none"],
    ...["-serial", `file:${places.console}`, "-device", "virtio-rng-pci"],
    ...["-kernel", image.kernel, "-initrd", image.initrd, "-append", CMDLINE],
    ...disk("root", places.root, "warren-root"),
    ...DATA_DISKS.flatMap(({ serial }, index) => disk(`data${index}`, places.disk(serial), serial)),
    // Loopback only; IPv6 off, for qemu would offer one that leads nowhere on most hosts.
    ...[
      "-netdev",
      `user,id=net0,ipv6=off,hostfwd=tcp:127.0.0.1:${port}-:22`,
      "-device",
      "virtio-net-pci,netdev=net0",
    ],
    ...["-daemonize", "-pidfile", places.pid],
  ];
  // -daemonize returns once the machine runs, and with an error when it can't.
  await run(argv, { timeout: 30_000 });
  const machine = {
    owner: kept ? null : { pid: process.pid, started: startTime(process.pid) },
    ...{ port, accel, hash: image.hash, since: new Date().toISOString() },
  };
  writeFileSync(places.record, `${JSON.stringify(machine)}\n`);
  return { pid: qemuPid(), ...machine };
}

/** Cuts the power of the machine, and of nothing else; its disks go with it. Tells whether one was running. */
export async function stop() {
  const pid = qemuPid();
  if (pid) {
    process.kill(pid, "SIGTERM");
    for (let waited = 0; qemuPid() === pid; waited += 100) {
      if (waited === 10_000) process.kill(pid, "SIGKILL");
      if (waited > 20_000) throw new Error(`qemu (pid ${pid}) does not end`);
      await sleep(100);
    }
  }
  const places = machinePlaces();
  for (const file of [places.record, places.pid, places.root]) rmSync(file, { force: true });
  for (const { serial } of DATA_DISKS) rmSync(places.disk(serial), { force: true });
  return pid !== undefined;
}

function disk(id, file, serial) {
  // Nothing on these disks outlives the machine, so no flush is worth waiting for.
  const drive = `if=none,id=${id},file=${file},format=qcow2,cache=unsafe,discard=unmap`;
  return ["-drive", drive, "-device", `virtio-blk-pci,drive=${id},serial=${serial}`];
}

/**
 * Pid of our qemu, or `undefined`.
 *
 * A recorded pid alone proves nothing, for pids come round again: its command line must name our own pid file.
 */
function qemuPid() {
  const { pid: file } = machinePlaces();
  try {
    const pid = Number(readFileSync(file, "utf8"));
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return argv.includes("-pidfile") && argv.includes(file) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Start time of a process in clock ticks since boot, or `undefined` when there is none with this pid. */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in front may hold spaces and parentheses of its own.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
