/**
 * The host's service manager, systemd where it runs the host.
 *
 * What must never happen here: a unit started, stopped or changed.
 */
import { existsSync } from "node:fs";
import { run } from "../exec/index.ts";

/** Whether the host is going down: halt, power off, reboot. `false` where no systemd runs it. */
export async function hostEnds(): Promise<boolean> {
  // sd_booted(3)
  if (!existsSync("/run/systemd/system")) return false;
  try {
    // Its exit code is 0 for `running` alone.
    const { stdout } = await run(["systemctl", "is-system-running"], { timeout: 10_000, ok: [0, 1] });
    return stdout.trim() === "stopping";
  } catch {
    return false;
  }
}
