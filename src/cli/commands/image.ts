import type { ImageSummary, MeasuredImage } from "../../spec/image.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { showBytes, showMoment } from "../format.ts";
import type { Column } from "../text.ts";
import { forEach, perform } from "../work.ts";

const image = { complete: "image", help: "alias, digest or the start of a digest" } as const;

const columns: Record<string, Column<MeasuredImage>> = {
  alias: { get: (row) => row.aliases },
  digest: { get: (row) => row.digest, show: (digest: string) => digest.replace("sha256:", "").slice(0, 12) },
  size: { get: (row) => row.size, show: showBytes, right: true },
  own: { get: (row) => row.own, show: showBytes, right: true },
  created: { get: (row) => row.created, show: showMoment },
  init: { get: (row) => row.init },
  containers: { get: (row) => row.containers.length, right: true },
  description: { get: (row) => row.description },
};

export const list = command({
  name: "image list",
  summary: "list images",
  description: `Columns: ${Object.keys(columns).join(", ")}.`,
  args: {},
  options: {
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [["image list", ""]],
  async handler(given, ctx) {
    await ctx.out.list(await ctx.client.list<MeasuredImage>("/v1/images"), columns, given);
    return 0;
  },
});

export const info = command({
  name: "image info",
  summary: "tell everything about an image",
  description: "",
  args: { image },
  options: {},
  examples: [["image info debian/13", ""]],
  async handler(given, ctx) {
    const found = await ctx.client.get<MeasuredImage>(`/v1/images${at(given.image)}`);
    const { size, own, shared } = found;
    const sizes = { size: showBytes(size), own: showBytes(own), shared: showBytes(shared) };
    const people = { ...found, ...sizes, created: showMoment(found.created) };
    await ctx.out.data(ctx.out.format === "table" ? people : found);
    return 0;
  },
});

export const alias = command({
  name: "image alias",
  summary: "give an image further names, or take them away",
  description: "",
  args: { image, alias: { many: true, help: "names like debian/13" } },
  options: { remove: { help: "take these names away" } },
  examples: [
    ["image alias debian/13 stable", ""],
    ["image alias debian/13 stable --remove", ""],
  ],
  async handler(given, ctx) {
    const path = `/v1/images${at(given.image)}`;
    const { aliases, digest } = await ctx.client.get<ImageSummary>(path);
    const wanted = given.remove
      ? aliases.filter((name) => !given.alias.includes(name))
      : [...new Set([...aliases, ...given.alias])];
    const answer = await ctx.client.send("PATCH", `/v1/images${at(digest)}`, { json: { aliases: wanted } });
    await ctx.out.done(
      `${given.image} is known as ${wanted.join(", ") || "its digest only"}`,
      await answer.json(),
    );
    return 0;
  },
});

export const remove = command({
  name: "image delete",
  summary: "delete images",
  description: "One that containers are made from is refused.",
  args: { image: { ...image, many: true } },
  options: {},
  examples: [["image delete debian/12", ""]],
  handler: (given, ctx) =>
    forEach(ctx, given.image, "deleted", (ref, quiet) =>
      perform(ctx, "DELETE", `/v1/images${at(ref)}`, {}, quiet),
    ),
});
