import type { ContainerInfo, LevelValue } from "../../spec/container.ts";
import { WarrenError } from "../../spec/errors.ts";
import type { LevelCatalogueRow, LevelChange, LevelPlanStep, LevelState } from "../../spec/level.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { pairs } from "../parse.ts";
import type { Column } from "../text.ts";
import { inUnit } from "../unit.ts";
import { overcommit } from "./skip.ts";

const container = { complete: "container", help: "name of a container" } as const;

const planColumns: Record<string, Column<LevelPlanStep>> = {
  key: { get: (step) => step.key },
  action: { get: (step) => step.action },
  file: { get: (step) => step.file },
  from: { get: (step) => step.from },
  to: { get: (step) => step.to },
};

export const set = command({
  name: "set",
  summary: "change levels of a container",
  description:
    "On a container that runs the change is applied at once; without --save it is lost at the next start. On a stopped " +
    "one --save is required. Several levels are changed together or not at all.",
  args: { name: container, level: { many: true, complete: "level", help: "KEY=VALUE" } },
  options: {
    save: { help: "also keep them for the next start" },
    "dry-run": { help: "only tell what would be written" },
    overcommit,
  },
  examples: [
    ["set web memory.limit=512M cpu.limit=1.5", "at once, until the next start"],
    ["set web memory.limit=1G --save", "at once and for good"],
  ],
  async handler(given, ctx) {
    const { name, level, save } = given;
    const dryRun = given["dry-run"];
    const path = `/v1/containers${at(name)}/levels`;
    const answer = await ctx.client.send("PUT", path, {
      json: { set: pairs(level, "a level"), save, dryRun, overcommit: given.overcommit },
    });
    const change = (await answer.json()) as LevelChange;
    if (ctx.out.format === "table" && change.plan) await ctx.out.list(change.plan, planColumns);
    await ctx.out.done(change.note, change);
    return 0;
  },
});

type Row = LevelState & { key: string; row: LevelCatalogueRow | undefined; runs: boolean };

const stateColumns: Record<string, Column<Row>> = {
  key: { get: (r) => r.key },
  wanted: { get: (r) => r.wanted, show: (value: LevelValue, r) => inUnit(r.row?.unit, value) },
  effective: {
    get: (r) => r.effective,
    // What this host can't do is in force in no way, not even as "unlimited".
    show: (value: LevelValue, r) => (r.runs && r.row?.supported !== false ? inUnit(r.row?.unit, value) : "-"),
  },
  saved: { get: (r) => r.saved, show: (value: LevelValue, r) => inUnit(r.row?.unit, value) },
  pending: { get: (r) => r.pending },
  live: { get: (r) => r.row?.live ?? null, show: (value: boolean | null) => (value ? "yes" : "no") },
};

export const get = command({
  name: "get",
  summary: "show levels of a container",
  description:
    "Wanted is what was asked for last, effective what the kernel has now, saved what the next start brings, pending what " +
    "waits for a restart.",
  args: {
    name: container,
    key: { many: true, optional: true, complete: "level", help: "only these levels" },
  },
  options: {},
  examples: [
    ["get web", ""],
    ["get web memory.limit -o json", "numbers in base units"],
  ],
  async handler({ name, key }, ctx) {
    const path = `/v1/containers${at(name)}`;
    const isJson = ctx.out.format === "json" || ctx.out.format === "yaml";
    const [found, info, catalogue] = await Promise.all([
      ctx.client.get<Record<string, LevelState>>(`${path}/levels`),
      isJson ? undefined : ctx.client.get<ContainerInfo>(path),
      isJson && key.length === 0 ? [] : ctx.client.get<LevelCatalogueRow[]>("/v1/levels"),
    ]);
    const states = new Map<string, LevelState>();
    for (const wanted of key.length > 0 ? key : Object.keys(found)) {
      const aliased = catalogue.filter((row) => row.alias === wanted).map((row) => row.key);
      const own = Object.hasOwn(found, wanted) ? [wanted] : aliased;
      if (own.length === 0)
        throw new WarrenError("NO_LEVEL", `there is no level "${wanted}"`, "see `warren levels`");
      for (const each of own) {
        const state = found[each];
        if (state) states.set(each, state);
      }
    }
    if (isJson) await ctx.out.data(Object.fromEntries(states));
    else
      await ctx.out.list(
        [...states].map(([own, state]) => ({
          key: own,
          ...state,
          row: catalogue.find((row) => row.key === own),
          runs: info?.initPid !== null,
        })),
        stateColumns,
      );
    return 0;
  },
});

const rangeText = ({ range, unit }: LevelCatalogueRow): string => {
  const end = (value: number | null, open: string): string => (value === null ? open : inUnit(unit, value));
  return `${end(range.min, "")}..${end(range.max, range.unlimited ? "unlimited" : "")}`;
};
const yesNo = (value: boolean): string => (value ? "yes" : "no");

const catalogueColumns: Record<string, Column<LevelCatalogueRow>> = {
  key: { get: (row) => row.key },
  group: { get: (row) => row.group },
  unit: { get: (row) => row.unit },
  range: { get: rangeText },
  default: { get: (row) => row.default, show: (value: LevelValue, row) => inUnit(row.unit, value) },
  live: { get: (row) => row.live, show: yesNo },
  enforcement: { get: (row) => row.enforcement },
  alias: { get: (row) => row.alias },
  supported: {
    get: (row) => row.supported,
    show: (yes: boolean, { reason = "", depends }) =>
      !yes ? `no: ${reason}` : depends ? `yes; ${depends}` : "yes",
  },
};

export const levels = command({
  name: "levels",
  summary: "list every level there is, and what this host supports",
  description: `Columns: ${Object.keys(catalogueColumns).join(", ")}.`,
  args: {},
  options: {
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [["levels", ""]],
  async handler(given, ctx) {
    await ctx.out.list(await ctx.client.get<LevelCatalogueRow[]>("/v1/levels"), catalogueColumns, given);
    return 0;
  },
});
