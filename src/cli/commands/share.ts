import { WarrenError } from "../../spec/errors.ts";
import type { ContainerShare, ShareFigures, ShareReport, ShareResult } from "../../spec/share.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { bytes, showBytes } from "../format.ts";
import type { Column } from "../text.ts";
import { forEach, perform } from "../work.ts";
import { names } from "./select.ts";

const lines = (result: ShareResult): string => {
  const told = result.containers
    .filter(({ files }) => files > 0)
    .map((c) => `${c.container}: ${c.files} files, ${bytes(c.moved)} shared, ${bytes(c.regained)} freed\n`);
  const waiting = result.atStart.map((name) => `${name}: at its next start\n`);
  const left =
    result.running.length > 0 ? `left as they are, for they run: ${result.running.join(", ")}\n` : "";
  return `${told.join("")}${waiting.join("")}${left}${bytes(result.regained)} freed in all\n`;
};

export const share = command({
  name: "share",
  summary: "share files that containers have changed alike",
  description:
    "What containers have in common beside their images, after an upgrade say, is kept once: it moves from their own " +
    "directories into layers below. What the guests see stays the same. Of stopped containers only.",
  args: names,
  options: {
    all: { help: "every container that is stopped" },
    "at-start": { help: "running ones too, before their next start" },
  },
  examples: [
    ["share --all", ""],
    ["share --all --at-start", "those that run when they are started again"],
  ],
  async handler(given, ctx) {
    if (given.all === given.name.length > 0)
      throw new WarrenError(
        "USAGE",
        given.all ? "--all and names are given" : "NAME is missing",
        "give names or --all; `warren share report` shows what is shared",
      );
    const json = { atStart: given["at-start"], ...(given.all ? {} : { containers: given.name }) };
    const record = await perform(ctx, "POST", "/v1/share", { json });
    const result = record.result as ShareResult;
    if (ctx.out.format === "table") await ctx.out.write(lines(result));
    else await ctx.out.data(result);
    return 0;
  },
});

export const undo = command({
  name: "share undo",
  summary: "give containers files of their own again",
  description: "Brings back what `share` moved out of a stopped container's own directory.",
  args: { name: { many: true, complete: "container", help: "names of containers" } },
  options: {},
  examples: [["share undo web", ""]],
  handler: (given, ctx) =>
    forEach(ctx, given.name, "has its files to itself", (name, quiet) =>
      perform(ctx, "DELETE", `/v1/share${at(name)}`, {}, quiet),
    ),
});

type Row = Omit<ContainerShare, "mapped"> & { mapped: { rss: number; pss: number } | null };
const figure = (key: keyof ShareFigures): Column<Row> => ({
  get: (row) => row[key],
  show: showBytes,
  right: true,
});

const columns: Record<string, Column<Row>> = {
  container: { get: (row) => row.container },
  image: { get: (row) => row.image },
  "disk shared": figure("diskShared"),
  "disk private": figure("diskPrivate"),
  "cache shared": figure("cacheShared"),
  regainable: figure("regainable"),
  mapped: { get: (row) => row.mapped?.rss ?? null, show: showBytes, right: true },
  "its part": { get: (row) => row.mapped?.pss ?? null, show: showBytes, right: true },
};

export const report = command({
  name: "share report",
  summary: "measure what containers share",
  description:
    "On disk: bytes of the image and the layer below that others use too, and bytes of its own. In memory: bytes of such files " +
    "in the page cache; mapped by its processes, and its part of that when each page is divided among all who map it. Regainable " +
    "is what `share` would free. The total counts what is shared once.",
  args: {},
  options: {},
  examples: [["share report", ""]],
  async handler(_given, ctx) {
    const found = await ctx.client.get<ShareReport>("/v1/share");
    if (ctx.out.format === "json" || ctx.out.format === "yaml") await ctx.out.data(found);
    else {
      const total: Row = { container: "total", image: "", running: false, ...found.total };
      await ctx.out.list([...found.containers, total], columns);
    }
    return 0;
  },
});
