import { bytes } from "../../spec/codec.ts";
import { WarrenError } from "../../spec/errors.ts";
import { POOL_FORMATS, type Pool, type PoolFormat } from "../../spec/pool.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { showBytes } from "../format.ts";
import { forEach, perform } from "../work.ts";
import { pool } from "./pool.ts";

/** Bytes of `10G`. Throws BAD_VALUE. */
function sizeOf(text: string): number {
  const size = bytes.parse(text, { key: "size" });
  if (typeof size === "number" && size > 0) return size;
  throw new WarrenError("BAD_VALUE", `size=${text} is no size`, "use 10G, 512M or plain bytes");
}

export const create = command({
  name: "pool create",
  summary: "make a pool",
  description:
    "In a directory, on a device, or in a file of a size, of which the last needs nothing beforehand. Without --format the " +
    "best that this kernel can mount: xfs with project quota, btrfs, ext4.",
  args: { name: { help: "its name: lower-case letters, digits, '.', '_' and '-'" } },
  options: {
    path: { value: "DIR", complete: "file", help: "an empty directory" },
    device: { value: "DEVICE", complete: "file", help: "a block device; nothing may be on it" },
    size: { value: "SIZE", help: "size of a file in the state directory; it takes room as it fills" },
    format: { value: "FORMAT", choices: POOL_FORMATS, help: "the file system to make" },
    preallocate: { help: "take the whole room of the file now" },
    force: { help: "also when something is on the device; it is lost" },
  },
  examples: [
    ["pool create fast --size 10G", "in a file, with limits of space and files as the kernel can"],
    ["pool create big --device /dev/sdb --format xfs", ""],
    ["pool create old --path /srv/warren", "a directory of a file system that is there"],
  ],
  async handler({ name, path, device, size, format, preallocate, force }, ctx) {
    const json = {
      name,
      path,
      device,
      size: size === undefined ? undefined : sizeOf(size),
      format: format as PoolFormat | undefined,
      preallocate: preallocate || undefined,
      force: force || undefined,
    };
    const record = await perform(ctx, "POST", "/v1/pools", { json });
    const made = record.result as Pool;
    await ctx.out.done(`pool ${name} is there: ${made.type}, ${showBytes(made.room?.size ?? null)}`, record);
    return 0;
  },
});

export const grow = command({
  name: "pool grow",
  summary: "make a pool larger while containers run in it",
  description: "One on a device grows to what the device has become.",
  args: { pool, size: { optional: true, help: "its new size" } },
  options: {},
  examples: [["pool grow fast 20G", ""]],
  async handler(given, ctx) {
    const json = given.size === undefined ? {} : { size: sizeOf(given.size) };
    const record = await perform(ctx, "POST", `/v1/pools${at(given.pool, "grow")}`, { json });
    const size = (record.result as Pool).room?.size ?? null;
    await ctx.out.done(`pool ${given.pool} has ${showBytes(size)}`, record);
    return 0;
  },
});

export const setDefault = command({
  name: "pool set-default",
  summary: "make new containers in a pool",
  description: "Where nothing else is said; containers that are there stay where they are.",
  args: { pool },
  options: {},
  examples: [["pool set-default fast", ""]],
  async handler(given, ctx) {
    await ctx.client.send("PUT", `/v1/pools${at(given.pool, "default")}`);
    await ctx.out.done(`new containers are made in pool ${given.pool}`, { pool: given.pool });
    return 0;
  },
});

export const remove = command({
  name: "pool delete",
  summary: "delete pools",
  description: "One that a container is in is refused. What is on a device stays there.",
  args: { pool: { ...pool, many: true } },
  options: {},
  examples: [["pool delete fast", ""]],
  handler: (given, ctx) =>
    forEach(ctx, given.pool, "deleted", (name, quiet) =>
      perform(ctx, "DELETE", `/v1/pools${at(name)}`, {}, quiet),
    ),
});

export const move = command({
  name: "move",
  summary: "bring a container's files to another pool",
  description: "The container must be stopped. Its snapshots go along.",
  args: { name: { complete: "container", help: "name of a container" } },
  options: { pool: { value: "POOL", complete: "pool", help: "the pool to bring it to" } },
  examples: [["move web --pool fast", ""]],
  async handler(given, ctx) {
    if (given.pool === undefined)
      throw new WarrenError("USAGE", "--pool is missing", "say which pool to bring it to");
    const json = { pool: given.pool };
    const record = await perform(ctx, "POST", `/v1/containers${at(given.name, "move")}`, { json });
    await ctx.out.done(`${given.name} is in pool ${given.pool}`, record);
    return 0;
  },
});
