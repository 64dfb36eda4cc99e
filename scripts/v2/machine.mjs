import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ACCEL_ARGS } from "./accel.mjs";
import { machinePlaces } from "./places.mjs";
import { CMDLINE, DATA_DISKS, DATA_SIZE, HOST_NAME } from "./recipe.mjs";
import { need, Refusal, run } from "./tool.mjs";

/**
 * The running machine: `{pid, started, port, accel, hash, since}`, or `undefined`.
 *
 * A pid alone proves nothing after a reboot or a wrap: its start time and command line must be those recorded.
 */
export function running() {
  const { record } = machinePlaces();
  if (!existsSync(record)) return undefined;
  let machine;
  try {
    machine = JSON.parse(readFileSync(record, "utf8"));
  } catch {
    return undefined;
  }
  return isOurs(machine) ? machine : undefined;
}

/** Starts a machine with fresh disks over `image` and returns its record; does not wait for it to boot. */
export async function start(image, accel, { memory = 2048, cpus = 2 } = {}) {
  need({ "qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils", ssh: "openssh-client" });
  if (running()) throw new Refusal("a machine is running already; stop it with: npm run v2 -- stop");
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
  const pid = Number(readFileSync(places.pid, "utf8"));
  const machine = {
    pid,
    started: startTime(pid),
    port,
    accel,
    hash: image.hash,
    since: new Date().toISOString(),
  };
  writeFileSync(places.record, `${JSON.stringify(machine)}\n`);
  return machine;
}

/** Cuts the power of the machine that was recorded, and of nothing else; its disks go with it. */
export async function stop() {
  const machine = running();
  if (machine) {
    process.kill(machine.pid, "SIGTERM");
    for (let waited = 0; isOurs(machine); waited += 100) {
      if (waited === 10_000) process.kill(machine.pid, "SIGKILL");
      if (waited > 20_000) throw new Error(`qemu (pid ${machine.pid}) does not end`);
      await sleep(100);
    }
  }
  const places = machinePlaces();
  for (const file of [places.record, places.pid, places.root]) rmSync(file, { force: true });
  for (const { serial } of DATA_DISKS) rmSync(places.disk(serial), { force: true });
  return machine !== undefined;
}

function disk(id, file, serial) {
  // Nothing on these disks outlives the machine, so no flush is worth waiting for.
  const drive = `if=none,id=${id},file=${file},format=qcow2,cache=unsafe,discard=unmap`;
  return ["-drive", drive, "-device", `virtio-blk-pci,drive=${id},serial=${serial}`];
}

function isOurs({ pid, started }) {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return argv.includes(machinePlaces().pid) && startTime(pid) === started;
  } catch {
    return false;
  }
}

/** Start time of a process in clock ticks since boot; the name before it may hold spaces and parentheses. */
function startTime(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
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
