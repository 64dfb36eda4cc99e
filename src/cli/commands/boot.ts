import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";

/** Reads a priority. Throws BAD_VALUE. */
export function priorityOf(text: string): number {
  if (/^-?\d{1,4}$/.test(text) && Math.abs(Number(text)) <= 1000) return Number(text);
  throw new WarrenError(
    "BAD_VALUE",
    `"${printable(text)}" is not a priority`,
    "use a whole number from -1000 to 1000",
  );
}

export const boot = command({
  name: "boot",
  summary: "set the order of starting after a reboot of the host",
  description:
    "Containers that ran before the host's reboot are started again: higher priorities first, as many at once as the host's pressure allows.",
  args: {
    name: { complete: "container", help: "name of the container" },
    priority: { help: "a whole number from -1000 to 1000; 0 unless set" },
  },
  options: {},
  examples: [["boot db 10", "db is started before those with less"]],
  async handler({ name, priority }, ctx) {
    const answer = { priority: priorityOf(priority) };
    await ctx.client.send("PUT", `/v1/containers${at(name)}/boot`, { json: answer });
    await ctx.out.done(`${name} starts with priority ${answer.priority} after a reboot of the host`, answer);
  },
});
