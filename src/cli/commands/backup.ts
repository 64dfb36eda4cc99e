import type { SkippedLevel } from "../../spec/profile.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { save, writable } from "../local.ts";
import { upload } from "../upload.ts";
import { divided } from "./copy.ts";
import { skippedText, skipUnsupported } from "./skip.ts";

export const export_ = command({
  name: "export",
  summary: "write a container to a file",
  description:
    "All it takes to have it again on another host: files, saved levels, its image. NAME/SNAPSHOT is what it was then. One that runs is halted for " +
    "the moment of copying. - is standard output.",
  args: {
    name: { complete: "container", help: "NAME, or NAME/SNAPSHOT" },
    file: { optional: true, complete: "file", help: "where to; NAME.warren.tar.zst unless told" },
  },
  options: {
    snapshots: { help: "with its snapshots" },
    since: { value: "SNAPSHOT", help: "only what changed since this snapshot" },
    thin: { help: "without its image, which the other host must have" },
    force: { short: "f", help: "replace a file that is there" },
  },
  examples: [
    ["export web web.tar.zst", ""],
    ["export web/monday monday.tar.zst", "of a snapshot, which later exports can refer to"],
    ["export web/tuesday tuesday.tar.zst --since monday", "only the difference"],
  ],
  async handler({ name, file, snapshots, since, thin, force }, ctx) {
    const [container, snapshot] = divided(name);
    const target = file ?? `${name.replace("/", "-")}.warren.tar.zst`;
    if (target !== "-") await writable(target, force);
    const response = await ctx.client.send("GET", `/v1/containers${at(container, "export")}`, {
      query: { snapshot, snapshots, since, thin },
    });
    if (target === "-") {
      if (response.body) for await (const chunk of response.body) await ctx.out.write(chunk);
      return 0;
    }
    await save(response, target, 0o600);
    await ctx.out.done(`${name} exported to ${target}`, { container, file: target });
    return 0;
  },
});

interface Imported {
  container: string;
  snapshots: string[];
  skipped: SkippedLevel[];
}

export const import_ = command({
  name: "import",
  summary: "make a container of an exported one",
  description:
    "Addresses and identity are its own. An export of what changed brings the container that has the snapshot it refers to up to date. " +
    "A file that was cut off or changed is refused and changes nothing. - is standard input.",
  args: {
    file: { complete: "file", help: "what `export` wrote" },
    name: {
      optional: true,
      complete: "container",
      help: "name of the container; as it was called unless told",
    },
  },
  options: {
    force: {
      short: "f",
      help: "drop what changed here since the snapshot that an incremental export refers to",
    },
    pool: {
      value: "POOL",
      complete: "pool",
      help: "where a new container's files are, its snapshots too; the pool for new containers unless told",
    },
    "skip-unsupported": skipUnsupported,
  },
  examples: [
    ["import web.tar.zst", ""],
    ["import web.tar.zst web2", ""],
    ["import web.tar.zst --pool fast", ""],
    ["import tuesday.tar.zst web", "what changed since the last one"],
  ],
  async handler({ file, name, force, pool, "skip-unsupported": skip }, ctx) {
    const query = {
      name,
      pool,
      ...(force ? { force: "true" } : {}),
      ...(skip ? { skipUnsupported: "true" } : {}),
    };
    const record = await upload(ctx, "/v1/containers/import", file, query);
    const { container, snapshots, skipped } = record.result as Imported;
    if (skipped.length > 0) await ctx.out.note(`warren: ${skippedText(skipped)}`);
    const kept = snapshots.length > 0 ? `, with the snapshots ${snapshots.join(", ")}` : "";
    await ctx.out.done(`${container} imported${kept}`, record.result);
    return 0;
  },
});
