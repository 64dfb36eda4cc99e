import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pressureBetween, stall } from "../host/pressure/index.ts";
import { bootOrder, bootsAtOnce } from "../plan/boot.ts";
import { type Context, lockOf } from "./context.ts";
import { start } from "./start.ts";

/** Milliseconds between two looks at the host's pressure while containers are being started. */
const LOOK = 250;

export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** Whether the host was rebooted since a daemon of this instance last ran. */
export function hostRebooted(c: Context): boolean {
  return c.store.settings.get("boot_id") !== bootId();
}

/**
 * After a reboot of the host, starts the containers that ran before: by priority, as many at once as the host's
 * pressure allows. Answers at once; the starts are operations like any other.
 */
export function startWanted(c: Context): void {
  const rebooted = hostRebooted(c);
  c.store.settings.set("boot_id", bootId());
  if (!rebooted) return;
  const wanted = bootOrder(
    c.store.containers.list().filter((r) => r.wanted === "running" && !c.runtime.get(r.name)),
  );
  if (wanted.length > 0)
    void startAll(
      c,
      wanted.map((r) => r.name),
    );
}

async function startAll(c: Context, names: string[]): Promise<void> {
  c.log("info", "starting what ran before the host's reboot", { containers: names.length });
  const booting = new Set<string>();
  let before = stall();
  let allowed = bootsAtOnce(availableParallelism(), { cpu: 0, memory: 0, io: 0 });
  while (names.length > 0) {
    while (names.length > 0 && booting.size < allowed) begin(c, names.shift()!, booting);
    await Bun.sleep(LOOK);
    const now = stall();
    allowed = bootsAtOnce(availableParallelism(), pressureBetween(before, now));
    before = now;
  }
}

/** Submits one start; it counts as booting until its guest's boot has finished. */
function begin(c: Context, name: string, booting: Set<string>): void {
  booting.add(name);
  const { id } = c.operations.submit({
    kind: "container.start",
    targets: [name],
    locks: [lockOf(name)],
    run: async (work) => {
      if (!c.runtime.get(name)) await start(c, name, { waitBoot: true }, work);
      return null;
    },
  });
  void c.operations.wait(id, 300_000).then(() => booting.delete(name));
}
