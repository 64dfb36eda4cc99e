import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { dirname } from "node:path";
import { KVM_VERDICT } from "./places.mjs";

/** Arguments of qemu for each way of running the guest's instructions. */
export const ACCEL_ARGS = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: ["-accel", "tcg,thread=multi", "-cpu", "max"],
};

/**
 * Ways worth trying on this host, best first.
 *
 * /dev/kvm may exist and yet hang a stock kernel (a host that is itself virtual). So KVM is tried under watch and the
 * verdict kept for as long as the host runs the same kernel; `WARREN_V2_ACCEL=kvm|tcg` overrides it.
 */
export function waysToRun() {
  const wish = process.env.WARREN_V2_ACCEL;
  if (wish === "kvm" || wish === "tcg") return [wish];
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return ["tcg"];
  }
  const known = readVerdict();
  return known === false ? ["tcg"] : ["kvm", "tcg"];
}

/** Remembers whether a guest booted under KVM on this host's kernel. */
export function keepVerdict(works) {
  mkdirSync(dirname(KVM_VERDICT), { recursive: true, mode: 0o700 });
  writeFileSync(KVM_VERDICT, `${JSON.stringify({ kernel: release(), works })}\n`);
}

function readVerdict() {
  try {
    const { kernel, works } = JSON.parse(readFileSync(KVM_VERDICT, "utf8"));
    return kernel === release() ? works : undefined;
  } catch {
    return undefined;
  }
}
