// @ts-check
// The main job on real input: a Debian server, its levels changed while it runs, one of them saved, and a reboot from inside.

import { setTimeout as sleep } from "node:timers/promises";
import { capture } from "./command.mjs";
import { typed, WARREN } from "./place.mjs";
import { Refusal, say } from "./say.mjs";
import { must, query, warren } from "./warren.mjs";

const NAME = "demo";
const IMAGE = "debian/13";
/** Made from the host's own busybox, without network. */
const FALLBACK = "busybox";
const SAVED = { key: "memory.limit", text: "384M" };
/** How long a guest may take to boot again, in ms. */
const REBOOT = 120_000;

/** Sees that `demo` is there, runs, and has a saved level in force. */
export async function demo() {
  const there = query("info", NAME);
  if (there === null) await must("launch", await image(), NAME, "--wait");
  else if (there.state === "frozen") await must("thaw", NAME);
  else if (there.state === "running") say(`${NAME} runs (${there.image}, ${there.addresses.join(", ")})`);
  else await must("start", NAME, "--wait");
  if (there !== null && levelIsBack()) say(`its saved ${SAVED.key} is in force`);
  else await levels();
  await must("list");
}

/** Whether a level was saved (so it isn't the default any more) and is in force. */
function levelIsBack() {
  const { saved, effective } = query("get", NAME, SAVED.key)[SAVED.key];
  const row = query("levels").find((/** @type {{ key: string }} */ { key }) => key === SAVED.key);
  return saved !== row.default && inForce(saved, effective);
}

/**
 * The kernel keeps memory in pages and may round.
 * @param {number | null} saved @param {number | null} effective both in bytes
 */
const inForce = (saved, effective) =>
  saved === effective || (saved !== null && effective !== null && Math.abs(saved - effective) < 2 ** 20);

/** The image to launch: Debian's, or the built-in one where the mirror can't be reached. */
async function image() {
  /** @type {{ aliases: string[] }[]} */
  const images = query("image", "list");
  if (images.some(({ aliases }) => aliases.includes(IMAGE))) return IMAGE;
  if ((await warren("image", "build", IMAGE)) === 0) return IMAGE;
  say(
    `${IMAGE} could not be built (see above; is the Debian mirror reachable?): going on with the built-in ${FALLBACK} image`,
  );
  return FALLBACK;
}

/** Levels change live, one is saved, the guest reboots itself, the saved one is back. */
async function levels() {
  // busybox' free asks the kernel past /proc and is told of the host
  const memory = query("info", NAME).init === "systemd" ? ["free", "-m"] : ["grep", "^Mem", "/proc/meminfo"];
  await must("set", NAME, "memory.limit=256M", "cpu.limit=50%", "pids.limit=200");
  await must("exec", NAME, "--", ...memory);
  await must("set", NAME, `${SAVED.key}=${SAVED.text}`, "--save");
  await reboot();
  await must("exec", NAME, "--", ...memory);
  await must("get", NAME, "memory.limit", "cpu.limit", "pids.limit");
  const { effective, saved } = query("get", NAME, SAVED.key)[SAVED.key];
  if (effective !== saved)
    throw new Refusal(`${SAVED.key} is ${effective} after the reboot and ${saved} was saved`);
  say(`${SAVED.key} came back as saved; cpu.limit and pids.limit were not saved and are gone, as said`);
}

/** Reboots from inside, as the server's own root would, and waits until it is back. */
async function reboot() {
  const { initPid, init } = query("info", NAME);
  // the command's own end is the guest's: its exit code tells nothing
  await warren("exec", NAME, "--", ...(init === "systemd" ? ["systemctl", "reboot"] : ["reboot"]));
  const until = Date.now() + REBOOT;
  for (;;) {
    const now = query("info", NAME);
    if (now.state === "running" && now.initPid !== null && now.initPid !== initPid) break;
    if (Date.now() > until)
      throw new Refusal(
        `${NAME} is not back ${REBOOT / 1000} s after its reboot`,
        `see ${typed(`logs ${NAME}`)}`,
      );
    await sleep(100);
  }
  if (init === "systemd") await booted(until);
  say(`${NAME} is back after its reboot (init was process ${initPid}, is ${query("info", NAME).initPid})`);
}

/** Waits until systemd has finished its boot; a degraded one has too. @param {number} until */
async function booted(until) {
  while (Date.now() < until) {
    const { stdout } = capture([WARREN, "exec", NAME, "--", "systemctl", "is-system-running"]);
    if (/^(running|degraded)/.test(stdout)) return;
    await sleep(200);
  }
}
