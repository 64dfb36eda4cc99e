import { CONTAINER_STATES } from "../../spec/container.ts";
import { WarrenError } from "../../spec/errors.ts";
import type { OperationRecord } from "../../spec/operation.ts";
import { agreed } from "../agreed.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { forEach, perform } from "../work.ts";
import { all, names, selected } from "./select.ts";

/** What went with the container is told. */
function deletedText({ result }: OperationRecord): string {
  const { snapshots = 0 } = (result ?? {}) as { snapshots?: number };
  if (snapshots === 0) return "deleted";
  return `deleted, with ${snapshots} ${snapshots === 1 ? "snapshot" : "snapshots"}`;
}

export const remove = command({
  name: "delete",
  summary: "delete containers and their files",
  description:
    "Their snapshots go with them. A container that runs is refused unless forced. `--all` asks first when a person types it.",
  args: names,
  options: {
    all,
    force: { short: "f", help: "also one that runs: it is killed" },
    yes: { short: "y", help: "do not ask" },
  },
  examples: [
    ["delete web", ""],
    ["delete --all --force -y", "nothing is left"],
  ],
  async handler(given, ctx) {
    const list = await selected(ctx, given, CONTAINER_STATES);
    const question = `delete ${list.length} containers (${list.join(", ")})`;
    if (given.all && !given.yes && list.length > 0 && !(await agreed(ctx, question)))
      throw new WarrenError("CANCELLED", "nothing was deleted", "answer y, or give -y");
    return forEach(ctx, list, deletedText, (name, quiet) =>
      perform(ctx, "DELETE", `/v1/containers${at(name)}`, { query: { force: given.force } }, quiet),
    );
  },
});
