import { duration } from "../../spec/codec.ts";
import { WarrenError } from "../../spec/errors.ts";
import type { SnapshotSummary } from "../../spec/snapshot.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { showMoment } from "../format.ts";
import type { Column } from "../text.ts";
import { forEach, perform } from "../work.ts";

const name = { complete: "container", help: "name of a container" } as const;
const snapshot = { help: "name of a snapshot" } as const;
const pathOf = (container: string, ...rest: string[]): string =>
  `/v1/containers${at(container, "snapshots", ...rest)}`;

const columns: Record<string, Column<SnapshotSummary>> = {
  name: { get: (row) => row.name },
  created: { get: (row) => row.created, show: showMoment },
  expires: { get: (row) => row.expires, show: (time: string | null) => (time ? showMoment(time) : "-") },
  by: { get: (row) => row.by },
  method: { get: (row) => row.method },
  comment: { get: (row) => row.comment },
};

/** A span of time in seconds. Throws BAD_VALUE for none and for one without an end. */
export function secondsOf(key: string, text: string): number {
  const seconds = duration.parse(text, { key });
  if (typeof seconds === "number" && seconds > 0) return seconds;
  throw new WarrenError("BAD_VALUE", `${key}=${text} is not a span of time`, "write it like 30m, 12h or 7d");
}

export const create = command({
  name: "snapshot create",
  summary: "keep a container as it is now",
  description:
    "Files and saved levels, of one instant: a container that runs is halted for the moment of copying. On btrfs it takes no time and no room. " +
    "The name is made up unless told: snap0, snap1.",
  args: { name, snapshot: { ...snapshot, optional: true } },
  options: {
    comment: { value: "TEXT", help: "a line for people" },
    expires: { value: "TIME", help: "when it is taken away again, 12h or 7d from now" },
  },
  examples: [
    ["snapshot create web", ""],
    ["snapshot create web before-upgrade --expires 7d", ""],
  ],
  async handler(given, ctx) {
    const json = {
      name: given.snapshot,
      comment: given.comment,
      expires: given.expires === undefined ? undefined : secondsOf("expires", given.expires),
    };
    const record = await perform(ctx, "POST", pathOf(given.name), { json });
    const made = record.result as SnapshotSummary;
    await ctx.out.done(`${given.name}/${made.name} is kept`, made);
    return 0;
  },
});

export const list = command({
  name: "snapshot list",
  summary: "list a container's snapshots",
  description: `The oldest first. Columns: ${Object.keys(columns).join(", ")}.`,
  args: { name },
  options: {
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [["snapshot list web", ""]],
  async handler(given, ctx) {
    await ctx.out.list(await ctx.client.list<SnapshotSummary>(pathOf(given.name)), columns, given);
    return 0;
  },
});

export const restore = command({
  name: "snapshot restore",
  summary: "bring a container back to a snapshot",
  description:
    "Its files and saved levels; what was written since is gone. All of the new is there before the old goes.",
  args: { name, snapshot },
  options: {
    force: { short: "f", help: "also one that runs: it is killed and started again" },
    "files-only": { help: "the saved levels stay as they are now" },
  },
  examples: [["snapshot restore web before-upgrade --force", ""]],
  async handler(given, ctx) {
    const json = { force: given.force, filesOnly: given["files-only"] };
    const record = await perform(ctx, "POST", pathOf(given.name, given.snapshot, "restore"), { json });
    await ctx.out.done(`${given.name} is as ${given.snapshot} kept it`, record);
    return 0;
  },
});

export const rename = command({
  name: "snapshot rename",
  summary: "give a snapshot another name",
  description: "",
  args: { name, snapshot, to: { help: "the new name" } },
  options: {},
  examples: [["snapshot rename web snap0 first", ""]],
  async handler(given, ctx) {
    const answer = await ctx.client.send("PATCH", pathOf(given.name, given.snapshot), {
      json: { name: given.to },
    });
    await ctx.out.done(`${given.name}/${given.snapshot} renamed to ${given.to}`, await answer.json());
    return 0;
  },
});

export const remove = command({
  name: "snapshot delete",
  summary: "delete snapshots of a container",
  description: "The container and other snapshots of it stay as they are.",
  args: { name, snapshot: { ...snapshot, many: true } },
  options: {},
  examples: [["snapshot delete web snap0 snap1", ""]],
  handler: (given, ctx) =>
    forEach(ctx, given.snapshot, "deleted", (snapshot, quiet) =>
      perform(ctx, "DELETE", pathOf(given.name, snapshot), {}, quiet),
    ),
});
