import { type Context, lockOf } from "./context.ts";
import { stop } from "./stop.ts";

/**
 * Ends every container because the host goes down, all at the same time and each by its own init. They stay wanted, so
 * that the host's next boot starts them. One that can't be ended is logged and left to the host.
 */
export async function haltAll(c: Context): Promise<void> {
  const names = c.runtime.names();
  if (names.length > 0)
    c.log("info", "the host goes down: ending its containers", { containers: names.length });
  const ended = names.map(async (name) => {
    const { id } = c.operations.submit({
      kind: "container.stop",
      targets: [name],
      locks: [lockOf(name)],
      run: async (work) => void (c.runtime.get(name) && (await stop(c, name, { stayWanted: true }, work))),
    });
    const { error } = await c.operations.wait(id, PATIENCE);
    if (error) c.log("warn", "a container could not be ended", { container: name, error: error.message });
  });
  await Promise.all(ended);
}

/** Milliseconds for one container: what its guest has to halt, what its monitor has after that, and some. */
const PATIENCE = 120_000;
