import { existsSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { keepVerdict, waysToRun } from "./accel.mjs";
import { greets, inGuest, pushAuthorities } from "./guest.mjs";
import { ensureImage } from "./image.mjs";
import { orphaned, running, start, stop } from "./machine.mjs";
import { machinePlaces, recipeHash } from "./places.mjs";
import { Refusal, say } from "./tool.mjs";

/** Longest boot until SSH greets, by way of running, in milliseconds. */
const PATIENCE = { kvm: 90_000, tcg: 600_000 };

/** Under KVM a boot is never silent for so long; a guest that is hangs. Milliseconds. */
const SILENCE = 20_000;

/** Returns the running machine, or builds and boots one with `options` of `start`; `{machine, fresh}` tells which. */
export async function ensureMachine(options = {}) {
  const already = running();
  if (already && !orphaned(already)) {
    if (already.hash !== recipeHash())
      say("the running machine is not of today's recipe; stop it to get one that is");
    return { machine: already, fresh: false };
  }
  if (already) {
    say("stopping a machine whose owner was killed");
    await stop();
  }
  const image = await ensureImage();
  const ways = waysToRun();
  for (const accel of ways) {
    const began = Date.now();
    const machine = await start(image, accel, options);
    say(`booting with ${accel} (pid ${machine.pid}), console in ${machinePlaces().console}`);
    const fault = await awaitBoot(machine);
    if (accel === "kvm") keepVerdict(fault === undefined);
    if (fault === undefined) {
      say(`ssh answers after ${seconds(began)} s`);
      await settle(machine);
      say(`settled after ${seconds(began)} s`);
      return { machine, fresh: true };
    }
    const tail = consoleText().trim().split("\n").slice(-15).join("\n");
    await stop();
    say(`${accel}: ${fault}${tail ? `\n${tail}` : ""}`);
  }
  throw new Refusal(`the machine did not boot (tried ${ways.join(", ")})`);
}

/** Waits until SSH greets; resolves to what went wrong instead, or `undefined`. */
async function awaitBoot(machine) {
  const began = Date.now();
  let size = 0;
  let heard = began;
  while (Date.now() - began < PATIENCE[machine.accel]) {
    if (!running()) return "qemu ended";
    if (await greets(machine)) return undefined;
    const now = existsSync(machinePlaces().console) ? statSync(machinePlaces().console).size : 0;
    if (now > size) heard = Date.now();
    size = now;
    if (machine.accel === "kvm" && Date.now() - heard > SILENCE)
      return `no word on the console for ${SILENCE / 1000} s`;
    await sleep(500);
  }
  return `no SSH server within ${PATIENCE[machine.accel] / 1000} s`;
}

/** Waits for the end of the boot; tells which units failed, for a test may depend on one. */
async function settle(machine) {
  const { stdout } = await inGuest(
    machine,
    "systemctl is-system-running --wait; systemctl list-units --failed --plain --no-legend",
    { timeout: 600_000, ok: null },
  );
  const [state, ...failed] = stdout.trim().split("\n");
  if (state !== "running")
    say(`the guest is ${state || "in an unknown state"}: ${failed.join("; ") || "no failed unit"}`);
  await pushAuthorities(machine);
}

function seconds(began) {
  return ((Date.now() - began) / 1000).toFixed(0);
}

function consoleText() {
  const { console: file } = machinePlaces();
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
