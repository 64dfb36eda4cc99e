import { bytes } from "../../spec/codec.ts";
import type { Pool, PoolCapabilities, PoolInfo, PoolUse } from "../../spec/pool.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { showBytes, showMoment } from "../format.ts";
import type { Column } from "../text.ts";

export const pool = { complete: "pool", help: "name of a pool" } as const;

const WORDS: Record<keyof PoolCapabilities, string> = {
  spaceQuota: "space",
  inodeQuota: "files",
  dfShowsQuota: "df",
  cheapSnapshot: "snapshot",
};
const can = ({ capabilities }: Pool): string[] =>
  (Object.keys(WORDS) as (keyof PoolCapabilities)[]).flatMap((key) =>
    capabilities[key] ? [WORDS[key]] : [],
  );

const columns: Record<string, Column<Pool>> = {
  name: { get: (row) => row.name },
  default: { get: (row) => row.isDefault, show: (isDefault: boolean) => (isDefault ? "yes" : "no") },
  kind: { get: (row) => row.kind },
  type: { get: (row) => row.type },
  size: { get: (row) => row.room?.size ?? null, show: showBytes, right: true },
  used: { get: (row) => row.room?.used ?? null, show: showBytes, right: true },
  free: { get: (row) => row.room?.free ?? null, show: showBytes, right: true },
  containers: { get: (row) => row.containers, right: true },
  can: { get: can },
  missing: { get: (row) => row.missing, show: (missing: string | null) => missing ?? "" },
};

export const list = command({
  name: "pool list",
  summary: "list pools",
  description:
    `The default is where new containers are made. What one can do: limit space, limit files, show the limit in df, snapshot ` +
    `without copying. Columns: ${Object.keys(columns).join(", ")}.`,
  args: {},
  options: {
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [["pool list", ""]],
  async handler(given, ctx) {
    await ctx.out.list(await ctx.client.list<Pool>("/v1/pools"), columns, given);
    return 0;
  },
});

const used = ({ space, files, spaceLimit, filesLimit }: PoolUse): string => {
  const of = (limit: number | null, text: (value: number) => string): string =>
    limit === null ? "" : ` of ${text(limit)}`;
  return `${showBytes(space)}${of(spaceLimit, bytes.format)}, ${files ?? "-"}${of(filesLimit, String)} files`;
};

export const info = command({
  name: "pool info",
  summary: "tell everything about a pool, and what each container has in it",
  description: "",
  args: { pool },
  options: {},
  examples: [["pool info fast", ""]],
  async handler(given, ctx) {
    const found = await ctx.client.get<PoolInfo>(`/v1/pools${at(given.pool)}`);
    const { room, use, promised, unlimited, created, ...rest } = found;
    const people = {
      ...rest,
      created: created && showMoment(created),
      ...(room === null
        ? {}
        : { size: showBytes(room.size), used: showBytes(room.used), free: showBytes(room.free) }),
      promised: `${showBytes(promised)}, and ${unlimited} without a limit`,
      containers: Object.fromEntries(use.map((each) => [each.container, used(each)])),
    };
    await ctx.out.data(ctx.out.format === "table" ? people : found);
    return 0;
  },
});
